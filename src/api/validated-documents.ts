import type { DocumentNode } from 'graphql';

/** Longer texts are not kept: what many clients send is short. */
const MAX_TEXT_LENGTH = 4_096;
/** How many are kept. */
const MAX_DOCUMENTS = 100;

/**
 * Documents that were parsed and found valid, by their text, so that a thousand subscribers to the same thing hold one
 * document and not a thousand. Whether a document is valid depends on nothing but its text and the schema.
 */
export class ValidatedDocuments {
  readonly #documents = new Map<string, DocumentNode>();

  get(text: string): DocumentNode | undefined {
    return this.#documents.get(text);
  }

  /** Keeps `document`, and drops the one that was kept first when there are too many. */
  add(text: string, document: DocumentNode): void {
    if (text.length > MAX_TEXT_LENGTH) return;
    const [oldest] = this.#documents.keys();
    if (this.#documents.size >= MAX_DOCUMENTS && oldest !== undefined) this.#documents.delete(oldest);
    this.#documents.set(text, document);
  }
}
