// Runs before the page is painted: "as the system" becomes light or dark without a flash.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const chosen = root.dataset.fkTheme || 'system';
    const shown = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
    if (root.dataset.bsTheme === shown) return;
    root.dataset.bsTheme = shown;
    document.dispatchEvent(new CustomEvent('fengkong:theme'));
  };
  apply();
  dark.addEventListener('change', apply);
  window.addEventListener('fengkong:choose-theme', apply);
  try {
    if (localStorage.getItem('fengkong.menu') === 'folded') root.classList.add('fk-folded');
  } catch { /* storage is off: the menu starts open */ }
})();
