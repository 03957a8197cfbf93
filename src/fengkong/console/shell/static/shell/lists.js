// Lists: the query leaves out what is empty; the batch bar knows what is picked.
(() => {
  const { say, when } = window.Fengkong;

  when('form[data-query]', (form) => form.addEventListener('formdata', (event) => {
    for (const [name, value] of [...event.formData.entries()]) {
      if (value === '') event.formData.delete(name);
    }
  }));

  when('[data-batch]', (bar) => {
    const boxes = () => [...document.querySelectorAll(`[data-pick][form="${CSS.escape(bar.id)}"]`)];
    const count = bar.querySelector('[data-batch-count]');
    const idle = count.textContent;
    const all = () => {
      const table = boxes()[0]?.closest('table');
      return table?.querySelector('[data-pick-all]');
    };
    function refresh() {
      const picked = boxes().filter((box) => box.checked).length;
      count.textContent = picked ? say('picked', { count: picked }) : idle;
      bar.classList.toggle('fk-batch-on', picked > 0);
      for (const button of bar.querySelectorAll('button')) button.disabled = picked === 0;
      const head = all();
      if (!head) return;
      head.checked = picked > 0 && picked === boxes().length;
      head.indeterminate = picked > 0 && picked < boxes().length;
    }
    document.addEventListener('change', (event) => {
      if (event.target.matches('[data-pick-all]') && event.target === all()) {
        for (const box of boxes()) box.checked = event.target.checked;
      }
      if (event.target.matches('[data-pick], [data-pick-all]')) refresh();
    });
    refresh();
  });
})();
