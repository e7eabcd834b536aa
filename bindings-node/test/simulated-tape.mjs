// The random numbers of a simulation, the same in every language, and what they may fall on.
import { readFileSync } from 'node:fs'

const PATH = new URL('../../tests/simulation/tape.json', import.meta.url)
export const TABLE = JSON.parse(readFileSync(PATH, 'utf8'))

/** Numbers that are the same in every language: xorshift32. */
export class Tape {
  constructor(seed) {
    this.state = (Math.imul(seed, 2_654_435_761) | 1) >>> 0
  }

  next(below) {
    this.state = (this.state ^ (this.state << 13)) >>> 0
    this.state = (this.state ^ (this.state >>> 17)) >>> 0
    this.state = (this.state ^ (this.state << 5)) >>> 0
    return (this.state >>> 8) % below
  }

  oneOf(among) {
    return among[this.next(among.length)]
  }

  /** One of the table's, by their weights. */
  pick(weighted) {
    let at = this.next(TABLE[weighted].reduce((sum, [, weight]) => sum + weight, 0))
    for (const [name, weight] of TABLE[weighted]) {
      if (at < weight) return name
      at -= weight
    }
    throw new Error('the numbers are below the sum')
  }
}
