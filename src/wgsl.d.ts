declare module "*.wgsl" {
  const shader: { readonly name: string; readonly code: string };
  export default shader;
}
