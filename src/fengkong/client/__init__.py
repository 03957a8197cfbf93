"""What a caller of the decision service needs: signatures and a client."""
