import { expect } from 'chai';
import { readRecords } from '../../../../src/engine/snapshot/manifest-reader.js';
import { ManifestWriter } from '../../../../src/engine/snapshot/manifest-writer.js';
import { MAX_REFERENCES } from '../../../../src/engine/snapshot/references.js';

const metadata = (path: string) => ({
  path: Buffer.from(path, 'latin1'),
  mode: 0o644,
  mtimeNs: -5n,
  uid: 1,
  gid: 2,
});
const END = { sizeBytes: 5, checksum: Buffer.alloc(32, 1) };
const ID = Buffer.alloc(32, 7);

function createWriter() {
  const written: Buffer[] = [];
  const writer = new ManifestWriter(async (bytes) => {
    written.push(bytes);
  });
  async function* pieces() {
    yield* written;
  }
  return { writer, records: () => readRecords(pieces()) };
}

describe('ManifestWriter', () => {
  for (const chunks of [0, 1, MAX_REFERENCES, MAX_REFERENCES + 1, 32 * MAX_REFERENCES + 3]) {
    it(`writes a file of ${chunks} chunks in records that a reader takes`, async () => {
      const { writer, records } = createWriter();
      const recorder = writer.file(metadata('a'), null);
      for (let at = 0; at < chunks; at++) await recorder.add(ID, 10);
      await recorder.end(END);
      await writer.directory(metadata('b'));
      let references = 0;
      for await (const record of records()) if ('content' in record) references += record.content.length / 36;
      expect(references).to.equal(chunks);
      expect(writer.totals()).to.include({ fileCount: 1, sizeBytes: 5 });
    });
  }

  it('lets a file be read again until some of it is written', async () => {
    const { writer, records } = createWriter();
    const recorder = writer.file(metadata('a'), null);
    await recorder.add(ID, 10);
    expect(recorder.restart()).to.equal(true);
    for (let at = 0; at <= 32 * MAX_REFERENCES; at++) await recorder.add(ID, 10);
    expect(recorder.restart()).to.equal(false);
    await recorder.end(END);
    let references = 0;
    for await (const record of records()) if ('content' in record) references += record.content.length / 36;
    expect(references).to.equal(32 * MAX_REFERENCES + 1);
  });

  const refused: [what: string, paths: string[]][] = [
    ['leaves its component', ['../a']],
    ['is longer than a manifest holds', ['x'.repeat(16_385)]],
    ['is in no folder', ['a/b']],
    ['comes before the one before it', ['b', 'a']],
  ];
  for (const [what, paths] of refused) {
    it(`refuses an entry whose path ${what}, as every reader would`, async () => {
      const { writer } = createWriter();
      const write = async () => {
        for (const path of paths) await writer.directory(metadata(path));
      };
      const outcome = await write().then(
        () => 'written',
        () => 'refused',
      );
      expect(outcome).to.equal('refused');
    });
  }
});
