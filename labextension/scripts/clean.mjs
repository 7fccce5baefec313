// Removes what a build makes.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const made = [
  'lib',
  'tsconfig.tsbuildinfo',
  '../jupyter_flowauth/labextension',
  '../jupyter_flowauth/kernel/static/view.js'
];
for (const path of made) {
  await rm(`${root}${path}`, { recursive: true, force: true });
}
