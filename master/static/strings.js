// Every sentence that the modules write; what the server writes is in the templates.

export const strings = {
  uploading: "uploading",
  waiting: "waiting",
  queued: "queued",
  failed: "failed",
  uploadRefused: "The bucket refused the upload.",
  uploadCut: "The upload was cut off. Check the connection, then try again.",
  folder: "Folders cannot be dropped here; choose the images in them.",
  pipelineFirst: "Correct the pipeline first, then drop the images again.",
  dropCount: (ended, all) => (ended === all ? `All ${all} finished` : `${ended} of ${all} finished`),
  dropCountOne: (ended) => (ended ? "Finished" : "On its way"),
  dropFailed: (count) => (count === 1 ? "1 without a result" : `${count} without a result`),
  queue: (waiting, running) =>
    [waiting ? `${waiting} waiting` : "", running ? `${running} in work` : ""].filter(Boolean).join(" · "),
  noImage: "There is no image.",
  download: (kind) => `The result is ${kind === "archive" ? "an archive of tiles" : "a report"}; download it.`,
  cannotShow: "The browser cannot show this file; download it instead.",
  notYet: "Not there yet.",
  noResult: "There is no result.",
  noAnswer: "The master does not answer. Try again in a moment.",
  signInFailed: "The sign-in did not succeed.",
  signInUnasked: "Nobody asked here for this sign-in, or it is too old.",
  signInRefused: "The service does not take this sign-in. Is this machine's clock right?",
  signedOut: "You are signed out.",
  retried: (count) => (count === 1 ? "1 image is queued again." : `${count} images are queued again.`),
};
