/** Parts of a point-of-sale system that can be backed up and restored on their own. */
export const COMPONENTS = ['DATABASE', 'CONFIG', 'CACHE', 'FILES'] as const;
export type Component = (typeof COMPONENTS)[number];

/** `components` in the order of COMPONENTS, each once. */
export function sortComponents(components: Iterable<Component>): Component[] {
  const wanted = new Set(components);
  return COMPONENTS.filter((component) => wanted.has(component));
}
