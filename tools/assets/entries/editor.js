// The editor of policies and expressions. `create` makes one; the parts are exported for what a
// screen adds of its own.
import { basicSetup } from 'codemirror';
import { autocompletion, completionKeymap, snippetCompletion, startCompletion } from '@codemirror/autocomplete';
import { indentWithTab } from '@codemirror/commands';
import { python, pythonLanguage } from '@codemirror/lang-python';
import { yaml, yamlLanguage } from '@codemirror/lang-yaml';
import { HighlightStyle, syntaxHighlighting, syntaxTree } from '@codemirror/language';
import { forceLinting, lintGutter, linter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, hoverTooltip, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';

// Colours are variables of the page, so that the editor follows its theme.
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: 'var(--fk-code-keyword)' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--fk-code-key)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--fk-code-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--fk-code-number)' },
  { tag: tags.comment, color: 'var(--fk-code-comment)' },
  { tag: [tags.operator, tags.punctuation, tags.separator], color: 'var(--fk-code-operator)' },
  { tag: tags.function(tags.variableName), color: 'var(--fk-code-function)' },
  { tag: tags.invalid, textDecoration: 'underline wavy var(--tblr-danger)' },
]);

const face = EditorView.theme({
  '&': { backgroundColor: 'var(--tblr-bg-forms)', color: 'var(--tblr-body-color)' },
  '.cm-content': { fontFamily: 'var(--tblr-font-monospace)', caretColor: 'var(--tblr-body-color)' },
  '.cm-gutters': {
    backgroundColor: 'var(--tblr-bg-surface-secondary)', color: 'var(--fk-muted)',
    borderRight: '1px solid var(--tblr-border-color)',
  },
  '.cm-cursor': { borderLeftColor: 'var(--tblr-body-color)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--fk-code-line)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground':
    { backgroundColor: 'var(--fk-code-selection)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--tblr-bg-surface)', color: 'var(--tblr-body-color)',
    border: '1px solid var(--tblr-border-color)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--tblr-primary)', color: 'var(--tblr-primary-fg)',
  },
  '.cm-panels': { backgroundColor: 'var(--tblr-bg-surface-secondary)', color: 'var(--tblr-body-color)' },
});

const LANGUAGES = { yaml, python };

/**
 * An editor in `parent`. `language` is yaml or python (expressions); `nonce` lets its style pass the
 * content security policy; `complete` is a CodeMirror completion source; `lint` a function of the
 * view that gives diagnostics {from, to, severity, message}; `phrases` are translations of
 * CodeMirror's own words; `changed` gets the text after every change; `label` is read to those who
 * do not see the editor. Tab leaves the editor unless `tabIndents`.
 */
function create({
  parent, doc = '', language = 'yaml', nonce = '', complete = null, lint = null, phrases = {},
  changed = null, label = '', hint = '', readOnly = false, tabIndents = false, more = [],
}) {
  const extensions = [
    basicSetup, LANGUAGES[language](), syntaxHighlighting(colours), face,
    EditorView.cspNonce.of(nonce), EditorState.phrases.of(phrases), EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }), keymap.of(completionKeymap),
    EditorState.readOnly.of(readOnly), ...more,
  ];
  if (complete) extensions.push(autocompletion({ override: [complete] }));
  if (lint) extensions.push(lintGutter(), linter(lint, { delay: 400 }));
  if (hint) extensions.push(placeholder(hint));
  if (tabIndents) extensions.push(keymap.of([indentWithTab]));
  if (changed) {
    extensions.push(EditorView.updateListener.of((update) => {
      if (update.docChanged) changed(update.state.doc.toString(), update);
    }));
  }
  return new EditorView({ parent, state: EditorState.create({ doc, extensions }) });
}

export {
  Compartment, EditorState, EditorView, autocompletion, create, forceLinting, hoverTooltip, keymap,
  lintGutter, linter, pythonLanguage, setDiagnostics, snippetCompletion, startCompletion,
  syntaxTree, yamlLanguage,
};
