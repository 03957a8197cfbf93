// The editors of policies and of one condition. The textarea stays in the page and is what is
// sent: without this script everything works in it.
(() => {
  const { say } = Fengkong;
  const ROWS = { decimals: 2 };

  function number(value) {
    return value === null || value === undefined
      ? '–'
      : value.toLocaleString(Fengkong.language(), { maximumFractionDigits: ROWS.decimals });
  }

  function spreadText(spread) {
    if (!spread || !spread.events) return '';
    const missing = say('governance.missing', { share: number((100 * spread.missing) / spread.events) });
    if (spread.words?.length) {
      const words = spread.words.map((one) => `${one.word} ${number((100 * one.count) / spread.events)}%`);
      return `${words.join(', ')} · ${missing}`;
    }
    if (spread.true_share !== null && spread.true_share !== undefined) {
      return `${say('governance.true_share', { share: number(100 * spread.true_share) })} · ${missing}`;
    }
    if (spread.median === null || spread.median === undefined) return missing;
    const figures = {
      min: number(spread.minimum), median: number(spread.median), ninety: number(spread.quantile_90),
      ninety_nine: number(spread.quantile_99), max: number(spread.maximum),
    };
    return `${say('governance.spread', figures)} · ${missing}`;
  }

  const TYPES = {
    field: 'property', feature: 'variable', model: 'class', parameter: 'constant', list: 'enum',
    function: 'function', outcome: 'keyword',
  };

  function option(one) {
    const sort = say(`governance.sort_${one.sort}`);
    const info = [`${one.title} · ${one.kind_title || sort}`, one.declared, spreadText(one.spread)];
    return {
      label: one.name, type: TYPES[one.sort], detail: one.kind_title || sort,
      info: info.filter(Boolean).join('\n'), boost: one.sort === 'function' ? -1 : 0,
      apply: one.sort === 'function' ? `${one.name}(` : one.name,
    };
  }

  function completions(address) {
    let asked = null;
    const load = () => {
      asked ??= fetch(address, { headers: { Accept: 'application/json' } })
        .then((answer) => (answer.ok ? answer.json() : { names: [], outcomes: [] }))
        .catch(() => ({ names: [], outcomes: [] }));
      return asked;
    };
    return async (context) => {
      const word = context.matchBefore(/[A-Za-z_][\w.]*/);
      if (!word && !context.explicit) return null;
      const found = await load();
      const outcomes = found.outcomes.map((one) => ({
        name: one.name, sort: 'outcome', title: one.title, kind_title: '', declared: '',
      }));
      return {
        from: word ? word.from : context.pos,
        options: [...found.names, ...outcomes].map(option),
        validFor: /^[\w.]*$/,
      };
    };
  }

  function faultsOf(area) {
    return async (view) => {
      const form = area.closest('form');
      const body = new FormData();
      body.set('csrfmiddlewaretoken', form.querySelector('[name=csrfmiddlewaretoken]').value);
      if (area.dataset.rule) {
        body.set('rule', area.dataset.rule);
        body.set('when', view.state.doc.toString());
      } else {
        body.set('text', view.state.doc.toString());
      }
      let found;
      try {
        const answer = await fetch(area.dataset.faults, {
          method: 'POST', body, headers: { Accept: 'application/json' },
        });
        if (!answer.ok) return [];
        const said = await answer.json();
        found = said.faults;
        const place = document.getElementById('faults');
        if (place) place.innerHTML = said.shown; // escaped by the server's template
      } catch {
        return [];
      }
      const { doc } = view.state;
      return found.map((fault) => {
        let from = 0;
        let to = Math.min(doc.length, 1);
        if (!area.dataset.rule && fault.line && fault.line <= doc.lines) {
          const line = doc.line(fault.line);
          from = Math.min(line.from + Math.max((fault.column ?? 1) - 1, 0), line.to);
          to = line.to;
        } else if (area.dataset.rule) {
          to = doc.length;
        }
        return { from, to, severity: 'error', message: [fault.text, fault.hint].filter(Boolean).join('\n') };
      });
    };
  }

  Fengkong.when('[data-policy-editor]', (area) => {
    if (!window.FengkongEditor) return;
    const holder = document.createElement('div');
    area.before(holder);
    const label = document.querySelector(`label[for="${area.id}"]`)?.textContent ?? '';
    const view = FengkongEditor.create({
      parent: holder, doc: area.value, language: area.dataset.policyEditor, nonce: Fengkong.nonce(),
      complete: area.dataset.names ? completions(area.dataset.names) : () => null, lint: faultsOf(area), label,
      changed: (text) => { area.value = text; },
    });
    area.hidden = true;
    area.editor = view;
  });

  // A fault's place in the list of faults leads there in the editor.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('[data-line]');
    const view = document.querySelector('[data-policy-editor="yaml"]')?.editor;
    if (!link || !view) return;
    event.preventDefault();
    const line = view.state.doc.line(Math.min(Number(link.dataset.line), view.state.doc.lines));
    const at = Math.min(line.from + Number(link.dataset.column) - 1, line.to);
    view.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    view.focus();
  });
})();
