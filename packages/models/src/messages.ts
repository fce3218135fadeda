/** Every sentence that this package says to its users, in one place. */
export * from './messages/model.js';
export * from './messages/weights.js';
export * from './messages/tokenizer.js';
export * from './messages/sources.js';
