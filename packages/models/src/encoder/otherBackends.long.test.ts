/** What the short tier runs on the first backend alone, on the others. */
import './gradients.test.js';
