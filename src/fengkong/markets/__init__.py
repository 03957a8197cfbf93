"""Market and liquidity risk: volatility, value at risk and its tests, redemptions, runs, gaps."""
