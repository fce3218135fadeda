/** Suites that the short tier runs on the first backend alone, on the others. */
import '../checkpoint/checkpoint.test.js';
import '../contract/contract.test.js';
import '../contract/savedBytes.test.js';
import '../lst/lst.test.js';
import '../meft/savedBytes.test.js';
import '../node/tinyStories.test.js';
import '../tokentune/architectures.test.js';
import '../tokentune/detached.test.js';
