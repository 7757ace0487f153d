/**
 * Masks a text that arrives in pieces: a secret cut in two by the pieces is found all the same. Holds back only what may
 * be the beginning of a secret.
 */
import type { Masker } from './mask.ts';

export interface StreamMasker {
  push(piece: string): void;
  /** Gives out what was held back. */
  end(): void;
}

export function createStreamMasker(masker: Masker, emit: (text: string) => void): StreamMasker {
  if (!masker.active) return { push: emit, end: () => {} };
  let held = '';
  const give = (text: string) => {
    if (text !== '') emit(masker.text(text));
  };
  return {
    push(piece) {
      const text = held + piece;
      let cut = text.length - masker.pendingLength(text);
      // A whole secret that ends inside what is held back must not be cut: hold all of it.
      const straddling = masker.matches(text).find((match) => match.start < cut && cut < match.end);
      if (straddling !== undefined) cut = straddling.start;
      held = text.slice(cut);
      give(text.slice(0, cut));
    },
    end() {
      give(held);
      held = '';
    },
  };
}
