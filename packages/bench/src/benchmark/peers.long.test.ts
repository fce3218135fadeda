/** The peers that the short tier leaves out. */
import './peers.test.js';
