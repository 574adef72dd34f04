/**
 * The backups that must never go, whatever the rules say: for each component the newest COMPLETED backup, the newest
 * that is not a restore point (which may hold what a restore was to get rid of), and the newest that was verified.
 */
import { COMPONENTS, type Component } from '../../shared/component.js';
import type { RetainedBackup } from './retained-backup.js';

/** Why backups of the floor are kept: reasons by the id of the backup. @param newestFirst COMPLETED backups */
export function findFloor(newestFirst: readonly RetainedBackup[]): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  const add = (what: string, find: (component: Component) => RetainedBackup | undefined) => {
    const byBackup = Map.groupBy(COMPONENTS, (component) => find(component)?.id);
    for (const [id, components] of byBackup) {
      if (id === undefined) continue;
      reasons.set(id, [...(reasons.get(id) ?? []), `${what} of ${components.join(', ')}`]);
    }
  };
  const newest = (component: Component) =>
    newestFirst.find(({ components }) => components.includes(component));
  add('newest completed', newest);
  add('newest completed, restore points apart,', (component) => {
    const found = newestFirst.find(
      ({ components, trigger }) => trigger !== 'PRE_RESTORE' && components.includes(component),
    );
    return found === newest(component) ? undefined : found;
  });
  add('newest verified', (component) => newestFirst.find(({ verified }) => verified.includes(component)));
  return reasons;
}
