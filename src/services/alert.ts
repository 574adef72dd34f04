/** What an administrator can be told of. */
export type AlertKind =
  | 'backup.failed'
  | 'backup.missed'
  | 'backup.overdue'
  | 'backup.suspicious'
  | 'verification.failed'
  | 'restoreTest.failed'
  | 'storage.low';

/** Something that an administrator must hear of. */
export interface Alert {
  kind: AlertKind;
  /** What it is about: the id of a backup or a schedule, or a component. */
  subject: string;
  /** One sentence: what happened and what to do. */
  message: string;
}

/** Hands an alert on. Returns at once and never throws: delivery and its retries are the receiver's. */
export type RaiseAlert = (alert: Alert) => void;
