// What Python sends to the dialog in which an example is drawn.

/** How images of the data were centred and scaled (vae/data/placement.py: Placement). */
interface DataPlacement {
  box: number;
  row: number;
  column: number;
  mass: boolean;
  pen: number;
  paper: number;
  ink: number;
  plain: boolean;
}

/** The header of a model (ui/draw/panel.py: _payload). */
interface DrawingHeader {
  name: string;
  latent: number;
  shape: number[];
  lines: number[] | null;
  /** Whether there is a sheet to draw on; a row is typed beside. */
  canvas: boolean;
  probabilistic: boolean;
  example: string;
  placement: DataPlacement | null;
  decoder?: DecoderHeader;
}

/** A drawing's code (ui/draw/panel.py: _answer), or why there is none. */
interface DrawnAnswer {
  channel: string;
  serial: number;
  waiting?: boolean;
  poll: number;
  failed?: string;
  mean: number[];
  scale: number[] | null;
}
