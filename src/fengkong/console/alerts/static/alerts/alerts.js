// The review desk: rows that stay true, keys, undo that runs out, who else is looking.
(() => {
  const { say, when, start } = window.Fengkong;
  const TYPING = 'input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]:not([contenteditable="false"])';
  const QUEUE_MS = 1000;
  const LOOKING_MS = 10000;

  // -- keys: none while somebody types, composes a character, or switched them off
  function wanted(event) {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return false;
    try { if (localStorage.getItem('fengkong.shortcuts') === 'off') return false; } catch { /* no storage */ }
    return !event.target.closest?.(TYPING) && !document.querySelector('dialog[open]');
  }
  function onKey(home, act) {
    document.addEventListener('keydown', (event) => {
      if (!home.isConnected || !('hotkeys' in home.dataset) || !wanted(event)) return;
      if (act(event.key.toLowerCase())) event.preventDefault();
    });
  }
  function send(selector) {
    const form = document.querySelector(selector);
    form?.requestSubmit();
    return Boolean(form);
  }

  // -- the queue
  when('[data-queue]', (home) => {
    const body = home.querySelector('[data-queue-rows]');
    const fresh = home.querySelector('[data-queue-new]');
    let known = home.dataset.known;
    let version = '';
    let waiting = null;

    function here() { return document.activeElement?.closest?.('tr[data-alert]'); }
    function move(step) {
      const rows = [...body.rows];
      if (!rows.length) return;
      const at = rows.indexOf(here());
      const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
      next.focus();
      next.scrollIntoView({ block: 'nearest' });
    }
    function show(seen) {
      const before = new Set([...body.rows].map((row) => row.dataset.alert));
      const kept = here()?.dataset.alert;
      body.innerHTML = seen.html;
      window.htmx?.process(body);
      start(body);
      for (const row of body.rows) if (!before.has(row.dataset.alert)) row.classList.add('al-fresh');
      const total = home.querySelector('.fk-total');
      if (total && seen.total_text) total.textContent = seen.total_text;
      const empty = home.querySelector('[data-queue-empty]');
      if (empty) empty.hidden = body.rows.length > 0;
      if (kept) body.querySelector(`tr[data-alert="${CSS.escape(kept)}"]`)?.focus();
      known = seen.known;
      fresh.hidden = true;
      waiting = null;
    }
    async function look() {
      if (document.hidden || !home.isConnected) return;
      try {
        const address = new URL(home.dataset.queue, location.href);
        address.searchParams.set('known', waiting?.known ?? known);
        address.searchParams.set('version', version);
        const answer = await fetch(address, { headers: { Accept: 'application/json' }, redirect: 'error' });
        if (!answer.ok) return;
        const seen = await answer.json();
        version = seen.version;
        if (!('html' in seen)) return;
        const picked = home.querySelector('[data-pick]:checked') || document.querySelector('dialog[open]');
        if (picked) {
          waiting = seen;
          fresh.hidden = false;
        } else show(seen);
      } catch { /* the next look asks again */ }
    }
    fresh.addEventListener('click', () => waiting && show(waiting));
    const again = setInterval(() => (home.isConnected ? look() : clearInterval(again)), QUEUE_MS);
    onKey(home, (key) => {
      if (key === 'j') move(1);
      else if (key === 'k') move(-1);
      else if (key === 'o') (here() ?? body.rows[0])?.querySelector('[data-open]')?.click();
      else if (key === 'x') here()?.querySelector('[data-pick]')?.click();
      else if (key === 'n') return send('form[data-next]');
      else if (key === 'u') return send('[data-undo] form');
      else return false;
      return true;
    });
  });

  // -- one alert
  when('[data-close]', (form) => {
    const reasons = () => [...form.querySelectorAll('.al-choice:has([name=disposition]:checked) [name=reason_code]')];
    form.addEventListener('change', (event) => {
      if (event.target.name !== 'disposition') return;
      for (const one of form.querySelectorAll('[name=reason_code]')) {
        one.checked = false;
        one.required = false;
      }
      for (const one of reasons()) one.required = true;
    });
    for (const one of form.querySelectorAll('[name=reason_code]')) one.required = false;
    const home = form.closest('[data-hotkeys]');
    if (!home) return;
    onKey(home, (key) => {
      const choice = form.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (choice) {
        choice.click();
        choice.focus();
        return true;
      }
      if (!/^[1-9]$/.test(key)) return false;
      const reason = reasons()[Number(key) - 1];
      if (!reason) return false;
      reason.click();
      form.requestSubmit();
      return true;
    });
  });
  when('[data-alert-page]', (page) => {
    const box = page.querySelector('[data-present]');
    async function look() {
      if (document.hidden || !page.isConnected) return;
      const token = page.querySelector('[name=csrfmiddlewaretoken]')?.value;
      if (!token) return;
      try {
        const answer = await fetch(page.dataset.looking, {
          method: 'POST', headers: { 'X-CSRFToken': token }, redirect: 'error',
        });
        if (!answer.ok) return;
        const seen = await answer.json();
        const told = [];
        if (seen.others.length) told.push(say('alerts.others', { names: seen.others.join(', ') }));
        if (String(seen.newest) !== page.dataset.newest) told.push(say('alerts.newer'));
        if (seen.state !== page.dataset.state) told.push(say('alerts.changed'));
        box.textContent = told.join(' ');
        box.hidden = !told.length;
      } catch { /* the next look asks again */ }
    }
    look();
    const again = setInterval(() => (page.isConnected ? look() : clearInterval(again)), LOOKING_MS);
    onKey(page, (key) => {
      if (key === 'n') return send('form[data-next]');
      if (key === 'u') return send('[data-undo] form');
      return false;
    });
  });

  // -- undo runs out
  when('[data-undo]', (box) => {
    const left = box.querySelector('[data-undo-left]');
    const until = new Date(box.dataset.undo).getTime();
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) box.remove();
      else left.textContent = `${seconds} s`;
    };
    tick();
    const again = setInterval(() => (box.isConnected ? tick() : clearInterval(again)), 500);
  });
})();
