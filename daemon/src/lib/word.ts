/** A word that stands in a line of a file of ours: nothing in it may end the line or the word. */
export const isWord = (text: string): boolean => !/[\s\u0000-\u001f\u007f-\u009f]/.test(text);
