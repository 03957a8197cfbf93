// Builds src/fengkong/console/shell/static/vendor and its manifest from the packages locked beside.
// For developers only: `npm ci && node build.mjs`. The same lock file gives the same bytes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, 'node_modules');
const target = join(here, '../../src/fengkong/console/shell/static/vendor');

function read(path) {
  return readFileSync(join(modules, path), 'utf8');
}

function described(name) {
  const { version, license, licence, repository } = JSON.parse(read(`${name}/package.json`));
  const address = typeof repository === 'string' ? repository : repository?.url ?? '';
  const source = address.replace(/^git\+/, '').replace(/^github:/, 'https://github.com/').replace(/\.git$/, '');
  return { name, version, licence: license ?? licence ?? LICENCES[name], source };
}

const LICENCES = { 'htmx-ext-sse': '0BSD' };

function withoutMap(text) {
  return `${text.replace(/\n?\/[/*]# sourceMappingURL=[^\n]*(\n|$)/g, '\n').trimEnd()}\n`;
}

async function bundled(entry, globalName) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(here, 'entries', entry)], bundle: true, minify: true, write: false,
    format: 'iife', globalName, target: 'es2020', legalComments: 'none', metafile: true,
  });
  const names = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) names.add(found[1]);
  }
  return { text: outputFiles[0].text, packages: [...names].sort() };
}

function sprite() {
  const names = readFileSync(join(here, 'icons.txt'), 'utf8').split('\n')
    .map((line) => line.trim()).filter((line) => line && !line.startsWith('#'));
  const symbols = [...new Set(names)].sort().map((name) => {
    const filled = name.startsWith('filled/');
    const file = filled ? name : `outline/${name}`;
    const drawing = read(`@tabler/icons/icons/${file}.svg`).replace(/<!--[\s\S]*?-->/g, '');
    const inner = drawing.replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '')
      .replace(/\s*\n\s*/g, '');
    return `<symbol id="${name.replace('filled/', 'filled-')}" viewBox="0 0 24 24">${inner}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`;
}

const charts = await bundled('charts.js', 'FengkongCharts');
const editor = await bundled('editor.js', 'FengkongEditor');
const files = {
  'tabler.min.css': { text: withoutMap(read('@tabler/core/dist/css/tabler.min.css')), packages: ['@tabler/core'] },
  'tabler.min.js': { text: withoutMap(read('@tabler/core/dist/js/tabler.min.js')), packages: ['@tabler/core'] },
  'icons.svg': { text: sprite(), packages: ['@tabler/icons'] },
  'htmx.min.js': { text: withoutMap(read('htmx.org/dist/htmx.min.js')), packages: ['htmx.org'] },
  'htmx-sse.min.js': { text: withoutMap(read('htmx-ext-sse/dist/sse.min.js')), packages: ['htmx-ext-sse'] },
  'charts.min.js': charts,
  'editor.min.js': editor,
};

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const manifest = { files: [] };
for (const [file, { text, packages }] of Object.entries(files)) {
  writeFileSync(join(target, file), text);
  const bytes = Buffer.from(text);
  manifest.files.push({
    file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'),
    packages: packages.map(described),
  });
}

// The licences ask that their text goes with the copies.
function licenceText(name) {
  const folder = join(modules, name);
  const own = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => /^(licen[cs]e|copying|notice)/i.test(entry.name))
    .flatMap((entry) => (entry.isDirectory()
      ? readdirSync(join(folder, entry.name)).map((file) => join(entry.name, file)) : [entry.name]))
    .sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const kept = join(here, 'licences', `${name.replace(/[@/]/g, '-').replace(/^-/, '')}.txt`);
  if (own.length === 0 && existsSync(kept)) own.push(readFileSync(kept, 'utf8').trim());
  if (own.length === 0) throw new Error(`${name} has no licence text; put one into licences/`);
  return own.join('\n\n');
}

const shipped = [...new Set(manifest.files.flatMap((file) => file.packages.map((one) => one.name)))].sort();
const texts = shipped.map((name) => {
  const { version, licence } = described(name);
  return `${'='.repeat(78)}\n${name} ${version} (${licence})\n${'='.repeat(78)}\n\n${licenceText(name)}\n`;
});
writeFileSync(join(target, 'licences.txt'), texts.join('\n'));
writeFileSync(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
