// The live stream: server-sent events where they can be had, asking in turns where not.
//
// At most ROWS rows stand in the page and HELD wait while it is paused, however long it is open.
(() => {
  const { say, when } = window.Fengkong;
  const ROWS = 150;
  const HELD = 150;
  const POLL_MS = 3000;
  const AGAIN_MS = 30000;
  const FAILURES = 3;

  when('[data-stream]', (frame) => {
    const body = frame.querySelector('[data-stream-rows]');
    const told = frame.querySelector('[data-stream-state]');
    const empty = frame.querySelector('[data-stream-empty]');
    const pause = document.querySelector('[data-stream-pause]');
    const clear = document.querySelector('[data-stream-clear]');
    const query = frame.dataset.query;
    let after = Number(frame.dataset.after) || 0;
    let paused = false;
    let held = [];
    let missed = 0;
    let mode = 'connecting';
    let failures = 0;
    let source = null;
    let timer = null;
    let state = null;

    const address = (path) => `${path}?${query}${query ? '&' : ''}after=${after}`;

    function tell() {
      const parts = [say(`live.${paused ? 'paused' : mode}`, { count: held.length + missed })];
      if (state && state.behind === null) parts.push(say('live.unknown'));
      else if (state && state.behind > 0) parts.push(say('live.behind', { count: state.behind }));
      told.textContent = parts.join(' · ');
    }

    function show(rows) {
      if (!rows.length) return;
      const made = document.createElement('template');
      made.innerHTML = rows.slice(-ROWS).map((row) => row.html).reverse().join('');
      const fresh = [...made.content.children];
      const focused = document.activeElement?.closest?.('[data-stream-rows] tr');
      body.prepend(...fresh);
      fresh.forEach((row) => row.classList.add('lv-new'));
      while (body.rows.length > ROWS) {
        const last = body.rows[body.rows.length - 1];
        if (last === focused) body.rows[0].focus();
        last.remove();
      }
      if (window.htmx) fresh.forEach((row) => window.htmx.process(row));
      empty.hidden = true;
    }

    function take(rows, upto) {
      after = Math.max(after, upto);
      if (!paused) return show(rows);
      held.push(...rows);
      if (held.length > HELD) {
        missed += held.length - HELD;
        held = held.slice(-HELD);
      }
      return tell();
    }

    function skipped(count) {
      if (!count || paused) { missed += paused ? count : 0; return; }
      const row = body.insertRow(0);
      const cell = row.insertCell();
      cell.colSpan = 11;
      cell.className = 'fk-muted';
      cell.textContent = say('live.skipped', { count });
    }

    function stop() {
      source?.close();
      source = null;
      clearTimeout(timer);
    }

    function connect() {
      stop();
      if (!window.EventSource || failures >= FAILURES) return poll();
      source = new EventSource(address(frame.dataset.stream));
      source.addEventListener('open', () => { failures = 0; mode = 'live'; tell(); });
      source.addEventListener('state', (event) => { state = JSON.parse(event.data); failures = 0; tell(); });
      source.addEventListener('decisions', (event) => {
        take(JSON.parse(event.data).rows, Number(event.lastEventId));
      });
      source.addEventListener('skipped', (event) => skipped(JSON.parse(event.data).count));
      source.addEventListener('error', () => {
        // A stream that ends is opened again by the browser; one that was refused is closed.
        if (source?.readyState !== EventSource.CLOSED) { mode = 'again'; return tell(); }
        failures += 1;
        return poll();
      });
      return undefined;
    }

    async function poll() {
      stop();
      const began = Date.now();
      mode = 'turns';
      tell();
      async function ask() {
        if (document.hidden) { timer = setTimeout(ask, POLL_MS); return; }
        try {
          const answer = await fetch(address(frame.dataset.poll), { headers: { Accept: 'application/json' }, redirect: 'error' });
          if (!answer.ok) throw new Error(String(answer.status));
          const seen = await answer.json();
          state = seen.state;
          mode = 'turns';
          skipped(seen.skipped);
          take(seen.rows, seen.upto);
        } catch {
          mode = 'away';
        }
        tell();
        if (window.EventSource && Date.now() - began > AGAIN_MS && mode === 'turns') {
          failures = FAILURES - 1;
          connect();
          return;
        }
        timer = setTimeout(ask, POLL_MS);
      }
      await ask();
    }

    function toggle() {
      paused = !paused;
      pause.setAttribute('aria-pressed', String(paused));
      pause.querySelector('span').textContent = say(paused ? 'live.resume' : 'live.pause');
      if (!paused) {
        const [rows, count] = [held, missed];
        held = [];
        missed = 0;
        skipped(count);
        show(rows);
      }
      tell();
    }

    pause.addEventListener('click', toggle);
    clear.addEventListener('click', () => { body.replaceChildren(); empty.hidden = false; });
    document.addEventListener('keydown', (event) => {
      if (event.key !== 'p' || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target.closest?.('input, textarea, select') || document.querySelector('dialog[open]')) return;
      toggle();
    });
    // A page that nobody sees holds no place.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) stop();
      else if (!source) connect();
    });
    window.addEventListener('pagehide', stop);
    connect();
  });
})();
