import { signal } from "@preact/signals";

/** The palette: closed, or opened with a text. */
export const palette = signal<{ text: string } | null>(null);

export const openPalette = (text = ""): void => {
  palette.value = { text };
};

export const closePalette = (): void => {
  palette.value = null;
};
