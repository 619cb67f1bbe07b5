// What the film of a training keeps (ui/train/film.js).

/** A film as it was left: its frames, when the last one arrived, and the frame that was shown. */
interface RememberedFilm {
  frames: FilmFrame[];
  originals: FramedStrip | null;
  arrived: number;
  at: number;
}

/** What was shown before a film was taken. */
interface BeforeFilm {
  count: number;
  frame: FilmFrame | undefined;
  /** Whether the newest frame was shown. */
  newest: boolean;
}

/** Where the address says that a film is (ui/train/film.py: film). */
interface FilmPlace {
  channel: string;
  run: string;
  /** null: the newest frame. */
  step: number | null;
}
