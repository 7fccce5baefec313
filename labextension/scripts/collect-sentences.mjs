// Runs the collector of the Python side's sentences, with whatever Python is there.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const collector = fileURLToPath(new URL('collect_sentences.py', import.meta.url));
const isDone = ['python3', 'python', 'py'].some(
  python => spawnSync(python, [collector], { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
);
if (!isDone) {
  throw new Error(
    'The sentences could not be collected: a Python 3.11 or newer has to be on the PATH'
  );
}
