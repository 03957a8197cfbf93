// Menu, themes, keyboard shortcuts, times that stay true.
(() => {
  const { say, when, toast } = window.Fengkong;
  const root = document.documentElement;

  function kept(name) {
    try { return localStorage.getItem(`fengkong.${name}`); } catch { return null; }
  }
  function keep(name, value) {
    try { localStorage.setItem(`fengkong.${name}`, value); } catch { /* storage is off */ }
  }

  // -- menu: folded on a desk, off the canvas on a phone
  const phone = window.matchMedia('(max-width: 48rem)');
  function showMenu(shown) {
    root.classList.toggle('fk-menu-shown', shown);
    const opener = document.querySelector('[data-menu-open]');
    opener?.setAttribute('aria-expanded', String(shown));
    document.querySelector('.fk-body')?.toggleAttribute('inert', shown && phone.matches);
    if (shown) document.querySelector('.fk-sidebar a, .fk-sidebar button')?.focus();
    else if (phone.matches) opener?.focus();
  }
  when('[data-menu-open]', (button) => button.addEventListener('click', () => showMenu(true)));
  when('[data-menu-close]', (button) => button.addEventListener('click', () => showMenu(false)));
  when('[data-menu-fold]', (button) => {
    const say_ = () => button.setAttribute('aria-expanded', String(!root.classList.contains('fk-folded')));
    say_();
    if (root.classList.contains('fk-folded')) showAll(true);
    button.addEventListener('click', () => {
      const folded = root.classList.toggle('fk-folded');
      keep('menu', folded ? 'folded' : 'open');
      say_();
      showAll(folded);
      window.dispatchEvent(new Event('resize'));
    });
  });
  // groups of the menu: a cookie, so that the server sends the next page with the same ones unfolded;
  // a folded menu shows the icons of all
  const groups = () => [...document.querySelectorAll('[data-menu-group]')];
  function showAll(folded) {
    for (const group of groups()) {
      if (folded) group.dataset.was = String(group.open);
      group.open = folded || group.dataset.was !== 'false';
    }
  }
  when('[data-menu-group] > summary', (summary) => summary.addEventListener('click', (event) => {
    if (root.classList.contains('fk-folded')) { event.preventDefault(); return; }
    const turned = summary.parentElement;
    const open = groups().filter((group) => (group === turned) !== group.open);
    const names = open.map((group) => group.dataset.menuGroup).join('.');
    document.cookie = `fengkong_menu=${names}; path=/; max-age=31536000; samesite=lax`;
  }));
  when('details[data-menu]', (menu) => {
    menu.addEventListener('focusout', (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
    });
    menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !menu.open) return;
      menu.open = false;
      menu.querySelector('summary').focus();
    });
  });
  document.addEventListener('click', (event) => {
    for (const menu of document.querySelectorAll('details[data-menu][open]')) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // -- fields that belong to one choice of another: data-only-for="FIELD:VALUE"
  when('[data-only-for]', (control) => {
    const [name, value] = control.dataset.onlyFor.split(':');
    const chosen = control.form?.elements.namedItem(name);
    const part = control.closest('.fk-field');
    if (!chosen || !part) return;
    const follow = () => { part.hidden = chosen.value !== value; };
    control.form.addEventListener('change', follow);
    follow();
  });

  // -- themes: a cookie, so that the server sends the next page in them
  when('[data-theme-set]', (button) => button.addEventListener('click', () => {
    const theme = button.dataset.themeSet;
    document.cookie = `fengkong_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    root.dataset.fkTheme = theme;
    for (const other of document.querySelectorAll('[data-theme-set]')) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    window.dispatchEvent(new Event('fengkong:choose-theme'));
    button.closest('details').open = false;
  }));

  // -- shortcuts: none while somebody types, composes a character, or switched them off
  const TYPING = 'input, textarea, select, [contenteditable]:not([contenteditable="false"]), .cm-editor';
  let begun = 0;
  function help() {
    const box = document.getElementById('help');
    if (box && !document.querySelector('dialog[open]')) box.showModal();
  }
  when('[data-help]', (button) => button.addEventListener('click', () => {
    button.closest('details').open = false;
    help();
  }));
  when('[data-shortcuts]', (box) => {
    box.checked = kept('shortcuts') !== 'off';
    box.addEventListener('change', () => {
      keep('shortcuts', box.checked ? 'on' : 'off');
      toast(say(box.checked ? 'shortcuts_on' : 'shortcuts_off'));
    });
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && root.classList.contains('fk-menu-shown')) showMenu(false);
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (kept('shortcuts') === 'off' || event.target.closest?.(TYPING)) return;
    if (document.querySelector('dialog[open]')) return;
    if (event.key === '/') {
      event.preventDefault();
      document.querySelector('.fk-search input[type=search]')?.focus();
    } else if (event.key === '?') {
      event.preventDefault();
      help();
    } else if (event.key === 'g') {
      begun = Date.now();
    } else if (begun && Date.now() - begun < 1500) {
      begun = 0;
      document.querySelector(`.fk-sidebar a[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
  });

  // -- times that stay true
  function since(element) {
    const seconds = (Date.now() - new Date(element.dateTime)) / 1000;
    if (Number.isNaN(seconds)) return;
    const [name, count] = seconds < -5 ? ['in_future', 0] : seconds < 5 ? ['just_now', 0]
      : seconds < 60 ? ['seconds_ago', seconds] : seconds < 3600 ? ['minutes_ago', seconds / 60]
        : seconds < 86400 ? ['hours_ago', seconds / 3600] : ['days_ago', seconds / 86400];
    element.textContent = say(name, { count: Math.floor(count) });
  }
  when('time[data-ago]', since);
  setInterval(() => {
    if (!document.hidden) document.querySelectorAll('time[data-ago]').forEach(since);
  }, 5000);

  when('[data-focus]', (element) => element.focus());
  when('[data-copy]', (button) => button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast(say('copied'), 'green');
  }));
})();
