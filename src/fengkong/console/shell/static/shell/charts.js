// Charts: drawn from the JSON beside them; the bundle is fetched when a page has one.
(() => {
  const { when } = window.Fengkong;
  const TONES = ['blue', 'green', 'amber', 'yellow', 'orange', 'red', 'violet', 'teal', 'grey'];
  const drawn = new Set();
  let bundle = null;

  function loaded() {
    bundle ??= new Promise((done, failed) => {
      const script = document.createElement('script');
      script.src = document.querySelector('meta[name="fk-charts"]').content;
      script.onload = () => done(window.FengkongCharts);
      script.onerror = failed;
      document.head.append(script);
    });
    return bundle;
  }

  // Canvas knows no light-dark(): the colour is asked of an element that wears it.
  function colours(canvas) {
    const probe = document.createElement('span');
    canvas.append(probe);
    const of = (name) => {
      probe.style.color = `var(--fk-${name})`;
      return getComputedStyle(probe).color;
    };
    const found = {};
    for (const name of ['text', 'muted', 'line', 'surface']) found[name] = of(name);
    for (const tone of TONES) found[tone] = of(`chart-${tone}`);
    found.danger = of('red');
    probe.remove();
    return found;
  }

  function scaled(value, { unit, currency, language }) {
    if (unit === 'share') return `${+(100 * value).toFixed(2)}%`;
    if (unit === 'seconds') {
      return value < 1 ? `${+(1000 * value).toFixed(2)} ms` : `${+value.toFixed(1)} s`;
    }
    const digits = { JPY: 0, KRW: 0, VND: 0, KWD: 3 }[currency] ?? 2;
    const size = unit === 'money' ? value / 10 ** digits : value;
    const steps = language === 'zh' ? [[1e8, '亿'], [1e4, '万']] : [[1e9, 'B'], [1e6, 'M'], [1e3, 'K']];
    const [step, word] = steps.find(([one]) => Math.abs(size) >= one) ?? [1, ''];
    return `${+(size / step).toFixed(2)}${word}`;
  }

  const still = window.matchMedia('(prefers-reduced-motion: reduce)');

  function option(chart, colour) {
    const across = chart.kind === 'bars_across';
    const bars = across || chart.kind === 'bar' || chart.kind === 'stacked';
    const values = {
      type: 'value',
      // A share has its end at 100%, and no room above it.
      max: chart.unit === 'share' ? (seen) => (seen.max > 0.8 && seen.max <= 1 ? 1 : null) : undefined,
      axisLabel: { color: colour.muted, formatter: (value) => scaled(value, chart) },
      splitLine: { lineStyle: { color: colour.line } }, splitNumber: chart.unit === 'share' ? 5 : 4,
    };
    const labels = {
      type: 'category', data: chart.labels, inverse: across, boundaryGap: bars,
      axisLabel: { color: colour.muted, hideOverlap: true, width: across ? 130 : undefined, overflow: 'truncate' },
      axisLine: { lineStyle: { color: colour.line } }, axisTick: { show: false },
    };
    const shared = {
      animation: !still.matches, animationDuration: 250,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour.text },
      color: chart.series.map((series) => colour[series.tone]),
      legend: {
        show: chart.series.length > 1 || chart.kind === 'pie', type: 'plain', top: 0, right: 0,
        icon: 'roundRect', itemWidth: 12, itemHeight: 8, textStyle: { color: colour.muted, fontSize: 12 },
      },
      // Rich text: the other way writes style attributes, which the policy forbids.
      tooltip: {
        trigger: chart.kind === 'pie' ? 'item' : 'axis', renderMode: 'richText', confine: true,
        backgroundColor: colour.surface, borderColor: colour.line, textStyle: { color: colour.text, fontSize: 12 },
        formatter: (given) => told(given, chart),
      },
    };
    if (chart.kind === 'pie') return { ...shared, series: [pie(chart, colour)] };
    return {
      ...shared,
      grid: { left: 8, right: 16, top: chart.series.length > 1 ? 32 : 12, bottom: 4, containLabel: true },
      xAxis: across ? values : labels, yAxis: across ? labels : values,
      series: chart.series.map((series, place) => ({
        name: series.title, data: marked(series, chart, colour), type: bars ? 'bar' : 'line',
        stack: chart.kind === 'stacked' ? 'all' : undefined, barMaxWidth: 28,
        showSymbol: series.values.length < 2, symbol: ['circle', 'rect', 'triangle', 'diamond'][place % 4], symbolSize: 6,
        lineStyle: { width: 1.75, type: ['solid', 'dashed', 'dotted'][Math.floor(place / 4) % 3] },
        areaStyle: chart.kind === 'area' ? { opacity: 0.14 } : undefined, connectNulls: false,
        markLine: place === 0 && chart.limit !== null ? limit(chart, colour, across) : undefined,
      })),
    };
  }

  // A bar of one series may have a colour of its own.
  function marked(series, chart, colour) {
    if (chart.series.length > 1 || chart.label_tones.length === 0) return series.values;
    return series.values.map((value, place) => ({
      value, itemStyle: { color: colour[chart.label_tones[place]] },
    }));
  }

  function told(given, chart) {
    const items = Array.isArray(given) ? given : [given];
    if (chart.kind === 'pie') {
      return `${items[0].name}\n${chart.series[0].written[items[0].dataIndex]} (${items[0].percent}%)`;
    }
    const lines = items.map((item) => `${item.seriesName}  ${chart.series[item.seriesIndex].written[item.dataIndex]}`);
    return [items[0].axisValueLabel ?? items[0].name, ...lines].join('\n');
  }

  function pie(chart, colour) {
    return {
      type: 'pie', radius: ['48%', '72%'], top: 24,
      label: { color: colour.text, formatter: '{b} {d}%' }, labelLine: { lineStyle: { color: colour.muted } },
      itemStyle: { borderColor: colour.surface, borderWidth: 2 },
      data: chart.labels.map((name, place) => ({
        name, value: chart.series[0].values[place], itemStyle: { color: colour[chart.label_tones[place] || TONES[place % TONES.length]] },
      })),
    };
  }

  function limit(chart, colour, across) {
    return {
      symbol: 'none', silent: true, lineStyle: { color: colour.danger, type: 'dashed' },
      label: { formatter: chart.limit_title, color: colour.danger, position: 'insideEndTop' },
      data: [across ? { xAxis: chart.limit } : { yAxis: chart.limit }],
    };
  }

  async function draw(figure) {
    const canvas = figure.querySelector('.fk-chart-canvas');
    const { init } = await loaded();
    const chart = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const made = init(canvas, null, { renderer: 'canvas' });
    const paint = () => made.setOption(option(chart, colours(canvas)), true);
    paint();
    const watched = { paint, made, canvas };
    drawn.add(watched);
    new ResizeObserver(() => made.resize()).observe(canvas);
    figure.dataset.drawn = 'yes';
  }

  when('[data-chart]', draw);
  document.addEventListener('fengkong:theme', () => {
    for (const watched of drawn) {
      if (watched.canvas.isConnected) watched.paint();
      else { watched.made.dispose(); drawn.delete(watched); }
    }
  });
})();
