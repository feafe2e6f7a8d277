// tdctl begins here: runs the bundle beside this file, from V8's compiled form of it where that fits this Node.
'use strict';
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

function load(name, encoding) {
  try {
    return readFileSync(`${__dirname}/${name}`, encoding);
  } catch (error) {
    // Without the compiled form it takes some milliseconds longer.
    if (encoding === undefined && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// The bundle is ASCII: read as latin1 it needs no decoding.
const script = new Script(load('tdctl.bundle', 'latin1'), { filename: 'tdctl', cachedData: load('tdctl.cache') });
script.runInThisContext()(require, module, exports);
