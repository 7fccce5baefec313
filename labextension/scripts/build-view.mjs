// Bundles the view into one ES module, with its style inside, for the kernel's widget.
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outfile = `${root}../jupyter_flowauth/kernel/static/view.js`;
const MOST_BYTES_GZIPPED = 30_000;

const minifiedStyle = {
  name: 'minified-style',
  setup(bundler) {
    bundler.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const style = await transform(await readFile(path, 'utf8'), { loader: 'css', minify: true });
      return { contents: style.code.trim(), loader: 'text' };
    });
  }
};

await build({
  entryPoints: [`${root}src/view/index.ts`],
  outfile,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  plugins: [minifiedStyle]
});

const size = gzipSync(await readFile(outfile)).length;
console.log(`view.js: ${size} bytes gzipped`);
if (size > MOST_BYTES_GZIPPED) {
  throw new Error(`view.js is larger than ${MOST_BYTES_GZIPPED} bytes gzipped`);
}
