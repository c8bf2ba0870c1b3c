/** Types of tensors. */
export const dataTypes = { f32: 1, int64: 7, f16: 10 } as const;

/** Types of attributes. */
export const attributeTypes = { i: 2, ints: 7 } as const;
