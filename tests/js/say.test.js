import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { phrase, say, sayN } from "../../ui/js/say.js";

afterEach(() => {
  delete globalThis.window;
});

test("English is what the code has, with values in their places", () => {
  assert.equal(say("{n} of {all}", { n: "1,000", all: 2 }), "1,000 of 2");
  assert.equal(say(phrase("{n} codes")), "{n} codes");
  assert.equal(say("{a}", { a: "{b}", b: 1 }), "{b}");
  assert.deepEqual(
    [0, 1, 2].map((n) => sayN("{n} code in r = {r}", "{n} codes in r = {r}", n, { r: 3 })),
    ["0 codes in r = 3", "1 code in r = 3", "2 codes in r = 3"],
  );
});

test("a translation takes the text's place, where there is one", () => {
  globalThis.window = {
    __latentWords: { "{n} of {all}": "von {all}: {n}", "{n} code\n{n} codes": ["{n} Code", "{n} Codes"] },
  };
  assert.equal(say("{n} of {all}", { n: 1, all: 2 }), "von 2: 1");
  assert.equal(say("constructor"), "constructor");
  assert.equal(say("Map"), "Map");
  assert.deepEqual(
    [1, 2].map((n) => sayN("{n} code", "{n} codes", n)),
    ["1 Code", "2 Codes"],
  );
  assert.equal(sayN("{n} code", "{n} codes", 2000, { n: "2,000" }), "2,000 Codes");
});
