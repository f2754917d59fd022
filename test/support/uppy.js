// Not in TypeScript: Uppy's declarations bring those of browsers, which contradict Node's.
export { default as Uppy } from "@uppy/core";
export { default as UppyTus } from "@uppy/tus";
