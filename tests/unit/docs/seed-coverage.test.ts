import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const ORIGINAL = '../shared/SEED.md';

/** Every heading of the guide, in its order; what stands below "Usage Examples" is rows of one table. */
const HEADINGS = [
  ...['Overview', 'Features Implemented', 'Core Backup Functionality', 'Backup Management'],
  ...['Restore Functionality', 'API Endpoints', 'Security & Access Control', 'File Structure'],
  ...['API Reference', 'Backup Endpoints', 'Create Backup', 'List Backups', 'Download Backup'],
  ...['Delete Backup', 'Restore Endpoints', 'Create Restore', 'List Restores', 'Usage Examples'],
  ...['Creating a Full Backup', 'Creating a Partial Backup', 'Listing All Backups', 'Restoring from Backup'],
  ...['Validating a Backup (No Restore)', 'Security Considerations', 'Access Control', 'Data Protection'],
  ...['Best Practices', 'Configuration', 'Environment Variables', 'Directory Structure', 'Error Handling'],
  ...['Common Error Codes', 'Error Response Format', 'Monitoring & Maintenance', 'Health Checks'],
  ...['Maintenance Tasks', 'Troubleshooting', 'Backup Failures', 'Restore Failures'],
  ...['Performance Considerations', 'Backup Performance', 'Storage Optimization', 'Future Enhancements'],
  ...['Planned Features', 'API Enhancements', 'Testing', 'Manual Testing', 'Automated Testing'],
  ...['Support & Documentation', 'Getting Help', 'Additional Resources', 'Conclusion'],
];

/** One line of a table, with the heading that it stands below. */
interface Row {
  heading: string;
  guide: string;
  here: string;
  how: string;
  proof: string;
}

/** Every row of every table. */
function readRows(): Row[] {
  const rows: Row[] = [];
  let heading = '';
  for (const line of readFileSync('docs/seed-coverage.md', 'utf8').split('\n')) {
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    if (!line.startsWith('| ') || line.startsWith('| Guide |')) continue;
    const cells = line.split('|').slice(1, -1);
    expect(cells, line).to.have.length(4);
    const [guide = '', here = '', how = '', proof = ''] = cells.map((cell) => cell.trim());
    rows.push({ heading, guide, here, how, proof });
  }
  return rows;
}

/** What the guide lists below each heading: labels of list items, and names of fields and variables in examples. */
function readGuide(): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let items: string[] = [];
  let isCode = false;
  for (const line of readFileSync(ORIGINAL, 'utf8').split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    else if (isCode) {
      for (const [, json, variable] of line.matchAll(/"(\w+)":|^([A-Z_]{3,})=/g))
        items.push(`\`${json ?? variable}\``);
    } else if (/^##+ /.test(line)) {
      items = [];
      sections.set(line.replace(/^#+ (✅ )?/, ''), items);
    } else {
      const item = /^(?:-|\d+\.) (.*)$/.exec(line)?.[1]?.replaceAll(/[*`]/g, '');
      if (item !== undefined) items.push(item.split(':')[0]!);
    }
  }
  return sections;
}

describe('docs/seed-coverage.md', () => {
  const rows = readRows();

  it('has every heading of the guide', () => {
    const text = readFileSync('docs/seed-coverage.md', 'utf8');
    const headings = [...text.matchAll(/^##+ (.*)$/gm)].map(([, heading]) => heading);
    const examples = rows.filter(({ heading }) => heading === 'Usage Examples').map(({ guide }) => guide);
    headings.splice(headings.indexOf('Usage Examples') + 1, 0, ...examples);
    expect(headings).to.deep.equal(HEADINGS);
  });

  it('says of each line whether it is here, and proves what is', () => {
    for (const { guide, here, how, proof } of rows) {
      expect(['yes', 'partly', 'otherwise', 'no'], guide).to.include(here);
      if (here !== 'yes') expect(how, guide).not.to.equal('');
      if (here !== 'no') expect(proof, guide).to.match(/^`[\w/.-]+\.test\.ts`/);
    }
  });

  it('names files and titles of tests that there are', () => {
    for (const { guide, proof } of rows) {
      let source = '';
      for (const [, file, title] of proof.matchAll(/`([^`]+)`|“([^”]+)”/g)) {
        if (file !== undefined) {
          expect(existsSync(`tests/${file}`), file).to.equal(true);
          source = readFileSync(`tests/${file}`, 'utf8');
        } else expect(source.includes(title!), `${guide}: ${title}`).to.equal(true);
      }
    }
  });

  it('links to documents that there are', () => {
    const text = readFileSync('docs/seed-coverage.md', 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g))
      expect(existsSync(`docs/${target}`), target).to.equal(true);
  });

  it('leaves nothing of the guide out, where that is at hand', function () {
    if (!existsSync(ORIGINAL)) return this.skip();
    const guide = readGuide();
    expect([...guide.keys()]).to.deep.equal(HEADINGS);
    for (const [heading, items] of guide) {
      const cells = rows.filter((row) => row.heading === heading || row.guide === heading);
      // Examples of "Usage Examples" hold fields that are told where they are defined.
      const isExample = cells.some((row) => row.heading === 'Usage Examples');
      const told = cells.map(({ guide: cell }) => cell).join('\n');
      const missing = isExample ? [] : items.filter((item) => !told.includes(item));
      expect(missing, heading).to.deep.equal([]);
    }
  });
});
