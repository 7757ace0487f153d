/** The colours a picture can be drawn for. */
export const drawingThemes = ['auto', 'light', 'dark'] as const;

/** `'auto'` follows the reader's page or system. */
export type DrawingTheme = (typeof drawingThemes)[number];
