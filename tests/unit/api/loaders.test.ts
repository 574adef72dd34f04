import { expect } from 'chai';
import { createLoaders } from '../../../src/api/loaders.js';
import { MemoryServices } from '../../support/memory-services.js';
import { TestApi } from '../../support/test-api.js';

/** Services that note every read for several items at once. */
function countReads(services: MemoryServices): string[] {
  const reads: string[] = [];
  const { findAll } = services.backups;
  const { latestBackupProgresses } = services.progress;
  services.backups.findAll = (ids) => {
    reads.push(`${ids.length} backups`);
    return findAll(ids);
  };
  services.progress.latestBackupProgresses = (ids) => {
    reads.push(`progress of ${ids.length}`);
    return latestBackupProgresses(ids);
  };
  return reads;
}

describe('createLoaders()', () => {
  it('reads once for all fields of a page', async () => {
    const services = new MemoryServices();
    for (const id of ['a', 'b', 'c']) services.addBackup({ id });
    for (const id of ['x', 'y']) services.addRestore({ id, backupId: 'a' });
    const reads = countReads(services);
    await using api = await TestApi.start({ services });
    const { errors } = await api.query(
      '{ backups { items { progress { sequence } } } restores { items { backup { id } progress { sequence } } } }',
    );
    expect(errors).to.equal(undefined);
    expect(reads.toSorted()).to.deep.equal(['2 backups', 'progress of 3']);
  });

  it('answers in the order of the ids, with null for what is not there', async () => {
    const services = new MemoryServices();
    for (const id of ['a', 'b']) services.addBackup({ id });
    const found = await createLoaders(services).backup.loadMany(['b', 'none', 'a']);
    expect(found.map((backup) => backup && 'id' in backup && backup.id)).to.deep.equal(['b', null, 'a']);
  });

  it('remembers nothing, so that a long subscription sees what is there now', async () => {
    const services = new MemoryServices();
    const { backup } = createLoaders(services);
    expect(await backup.load('a')).to.equal(null);
    services.addBackup({ id: 'a' });
    expect(await backup.load('a')).to.include({ id: 'a' });
  });
});
