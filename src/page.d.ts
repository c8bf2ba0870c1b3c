declare module "*?page" {
  const page: { readonly script: string; readonly style: string };
  export default page;
}
