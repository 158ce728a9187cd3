import { indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { minimalSetup } from "codemirror";

export interface Editor {
  readonly text: () => string;
  /** Puts the cursor on a line and marks it until the text changes. */
  readonly showLine: (line: number) => void;
  readonly focus: () => void;
  readonly close: () => void;
}

const mark = StateEffect.define<number>();

const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(mark)) {
        return Decoration.set(Decoration.line({ class: "ek-wrong" }).range(effect.value));
      }
    }
    return transaction.docChanged ? Decoration.none : lines;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const theme = EditorView.theme({
  "&": { color: "var(--ek-ink)", backgroundColor: "var(--ek-paper)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ek-ink)", padding: "0.75rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ek-ink)" },
  ".cm-gutters": {
    color: "var(--ek-ink-soft)",
    backgroundColor: "var(--ek-paper)",
    borderRight: "1px solid var(--ek-grid)",
  },
  ".cm-matchingBracket": { outline: "1px solid var(--ek-accent)" },
  "&.cm-focused .cm-matchingBracket, &.cm-focused .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--ek-accent-soft) !important" },
  ".ek-wrong": { boxShadow: "inset 3px 0 var(--ek-bad)" },
});

/** Opens an editor; Ctrl or Cmd with Enter runs its text, Escape and then Tab leaves it. */
export function openEditor(parent: Element, doc: string, run: () => void): Editor {
  const runKey = {
    key: "Mod-Enter",
    run: () => {
      run();
      return true;
    },
  };
  const view = new EditorView({
    parent,
    doc,
    root: parent.getRootNode() as ShadowRoot,
    extensions: [
      keymap.of([runKey, indentWithTab]),
      minimalSetup,
      lineNumbers(),
      bracketMatching(),
      indentOnInput(),
      javascript({ typescript: true }),
      syntaxHighlighting(classHighlighter),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "Program", "aria-describedby": "keys" }),
      marked,
      theme,
    ],
  });
  return {
    text: () => view.state.doc.toString(),
    showLine(line) {
      const { from } = view.state.doc.line(Math.min(line, view.state.doc.lines));
      const effects = [mark.of(from), EditorView.scrollIntoView(from, { y: "nearest" })];
      view.dispatch({ selection: { anchor: from }, effects });
      view.focus();
    },
    focus: () => view.focus(),
    close: () => view.destroy(),
  };
}
