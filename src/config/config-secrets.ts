/** Which parts of a configuration are secret, so that the rest can be shown, compared and logged. */
import { createHash } from 'node:crypto';

/** Names of values that are secret as a whole. */
const SECRET_NAME = /secret|token|passphrase|password|encryptionKey/i;
/** Names of addresses whose path may be a secret, as those of webhooks are. */
const SECRET_PATH = /webhook|ping/i;
/** Shorter texts are not looked for: they are in too many words. */
const MIN_LENGTH = 8;

/** Every secret text in `config`: what must be in no line of the log. */
export function listSecrets(config: object): string[] {
  const found = new Set<string>();
  walk(config, (text, path) => {
    if (isSecret(path)) found.add(text);
    for (const part of secretParts(text, path)) found.add(part);
    return text;
  });
  return [...found].filter(({ length }) => length >= MIN_LENGTH);
}

/** SHA-256 of everything in `config` that is not secret, lower-case hex: the same when nothing else has changed. */
export function digestConfig(config: object): string {
  const shown = walk(config, (text, path) => {
    if (isSecret(path)) return '…';
    return secretParts(text, path).reduce((rest, part) => rest.replaceAll(part, '…'), text);
  });
  return createHash('sha256').update(JSON.stringify(shown)).digest('hex');
}

function isSecret(path: readonly string[]): boolean {
  return SECRET_NAME.test(path.at(-1) ?? '');
}

function secretParts(text: string, path: readonly string[]): string[] {
  if (!text.includes('://') || !URL.canParse(text)) return [];
  const { password, pathname, search } = new URL(text);
  const parts = password === '' ? [] : [password, decode(password)];
  if (path.some((name) => SECRET_PATH.test(name))) parts.push(`${pathname}${search}`);
  return parts.filter((part) => part.length > 1);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A per cent sign that encodes nothing stands for itself.
    return text;
  }
}

/** A copy of `value` with its keys in order and every text replaced. */
function walk(
  value: unknown,
  replace: (text: string, path: readonly string[]) => string,
  path: readonly string[] = [],
): unknown {
  if (typeof value === 'string') return replace(value, path);
  if (Array.isArray(value)) return value.map((part) => walk(part, replace, path));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, walk(part, replace, [...path, name])]));
}
