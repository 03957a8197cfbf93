// Rows of decisions by keyboard: j and k go down and up, Enter opens the row's details.
(() => {
  const { when } = window.Fengkong;
  const TYPING = 'input, textarea, select, [contenteditable]';

  function move(body, step) {
    const rows = [...body.rows];
    if (!rows.length) return;
    const here = rows.indexOf(document.activeElement?.closest('tr'));
    const next = rows[Math.min(rows.length - 1, Math.max(0, here + step))];
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  }

  when('[data-rows]', (body) => {
    document.addEventListener('keydown', (event) => {
      if (!body.isConnected || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target.closest?.(TYPING) || document.querySelector('dialog[open]')) return;
      try { if (localStorage.getItem('fengkong.shortcuts') === 'off') return; } catch { /* no storage */ }
      if (event.key === 'j') move(body, 1);
      else if (event.key === 'k') move(body, -1);
      else if (event.key === 'Enter' && event.target.matches?.('tr')) event.target.querySelector('a')?.click();
    });
  });
})();
