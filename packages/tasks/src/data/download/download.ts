/** A file that a dataset's publisher serves. */
export interface Download {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
  /**
   * What of it goes where below the dataset's folder: path in the zip or tar.gz archive → path; of a file that is no archive,
   * the one path.
   */
  readonly places: Readonly<Record<string, string>> | string;
}
