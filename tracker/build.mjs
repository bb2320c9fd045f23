// Builds the scripts in dist/ and fails when one outgrows its budget.
//
// tracker.js is what every page loads. What only some sites or visits need is built apart: banner.js is
// served before it where consent is asked for, info.js is loaded when the address asks for it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

// A page's own scripts are worth more than ours: above this a visitor on a slow line would notice.
const GZIP_BYTES_MAX = 8192;
const BANNER_GZIP_BYTES_MAX = 3072;
const INFO_GZIP_BYTES_MAX = 3072;

const SCRIPTS = [
  { name: 'tracker.js', entry: 'src/main.js', gzipBytesMax: GZIP_BYTES_MAX },
  { name: 'banner.js', entry: 'src/banner/main.js', gzipBytesMax: BANNER_GZIP_BYTES_MAX },
  { name: 'info.js', entry: 'src/info/main.js', gzipBytesMax: INFO_GZIP_BYTES_MAX },
];

/** @param {string} name */
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * @param {string} entry
 * @returns {Promise<string>}
 */
async function built(entry) {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    format: 'esm',
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'none',
    write: false,
  });
  // esbuild keeps every named limit as a variable; terser inlines them, which is worth 6 % after gzip.
  const { code } = await minify(outputFiles[0].text, {
    module: true,
    ecma: 2020,
    // Only names of our own records: nothing a page, a setting or the wire format knows.
    mangle: { properties: { regex: /^(isOpen|chars|event)$/, builtins: true } },
    compress: {
      passes: 4,
      unsafe_arrows: true,
      unsafe_methods: true,
      unsafe: true,
      unsafe_math: true,
      sequences: false,
      inline: 1,
      pure_getters: true,
      hoist_funs: true,
    },
  });
  return `(()=>{${code}})();\n`;
}

mkdirSync(here('dist'), { recursive: true });
for (const { name, entry, gzipBytesMax } of SCRIPTS) {
  const script = await built(entry);
  writeFileSync(here(`dist/${name}`), script);
  const gzipBytes = gzipSync(script, { level: 9 }).length;
  console.log(`dist/${name}: ${script.length} bytes, ${gzipBytes} gzip of ${gzipBytesMax}`);
  if (gzipBytes > gzipBytesMax) {
    console.error(`dist/${name} is ${gzipBytes - gzipBytesMax} bytes over its budget`);
    process.exitCode = 1;
  }
}
