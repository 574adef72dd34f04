import { expect } from 'chai';
import { DenialLog, MAX_STRANGER_DENIALS } from '../../../src/api/auth/denial-log.js';
import type { AuditEvent } from '../../../src/services/audit-service.js';

const EVENT: AuditEvent = {
  actor: 'anonymous',
  role: null,
  action: 'auth.denied',
  target: 'request',
  outcome: 'UNAUTHENTICATED',
  remoteAddress: '127.0.0.1',
};

describe('DenialLog', () => {
  let nowMs: number;
  let written: AuditEvent[];
  let denials: DenialLog;
  beforeEach(() => {
    nowMs = 0;
    written = [];
    const audit = { record: async (event: AuditEvent) => void written.push(event) };
    denials = new DenialLog(audit, { now: () => new Date(nowMs), monotonicMs: () => nowMs });
  });

  it('limits what strangers can make it write', async () => {
    for (let denial = 0; denial < MAX_STRANGER_DENIALS + 100; denial++) await denials.record(EVENT, true);
    expect(written).to.have.length(MAX_STRANGER_DENIALS);
  });

  it('says later how many were left out', async () => {
    for (let denial = 0; denial < MAX_STRANGER_DENIALS + 7; denial++) await denials.record(EVENT, true);
    nowMs = 1_000;
    await denials.record(EVENT, true);
    expect(written.at(-2)).to.include({ outcome: 'UNAUTHENTICATED, 7 more' });
    expect(written.at(-1)).to.equal(EVENT);
  });

  it('writes down every refusal of a known caller', async () => {
    for (let denial = 0; denial < 1000; denial++) await denials.record({ ...EVENT, actor: 'anna' }, false);
    expect(written).to.have.length(1000);
  });
});
