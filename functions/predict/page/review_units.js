// Checks a typed value against the units of its entity as it is typed; the API checks it again.

// A number as the API reads it, with a point or a comma.
const NUMBER = /^\s*(\d+\s*\/\s*\d+|\d+(?:[.,]\d+)?|[.,]\d+)\s*(.*?)\s*$/;

// Returns {value} or {problem}; neither where nothing is typed. An entity is {name, units, symbols}.
export function checkTyped(text, entity) {
  if (!text.trim()) return {};
  const match = text.match(NUMBER);
  if (!match) return { problem: `Begin with a number, such as 12.5 ${entity.units[0]}.` };
  const [, number, unit] = match;
  if (!/[1-9]/.test(number)) return { problem: "The number has to be above zero." };
  if (!unit) return { problem: `Add a unit: ${unitsOf(entity)}.` };
  const name = findUnit(unit, entity);
  if (!name) return { problem: `${unit} is no unit of this. Use ${unitsOf(entity)}.` };
  return { value: `${number.replaceAll(" ", "").replace(",", ".")} ${name}` };
}

function findUnit(typed, { units, symbols }) {
  const plain = typed.toLowerCase().replace(/\s+/g, " ");
  if (units.includes(plain)) return plain;
  if (symbols[plain]) return symbols[plain];
  // Plurals, and the American spelling.
  const british = plain.replace(/ters?$/, "tre").replace(/s$/, "").replace(/^feet$/, "foot").replace(/^inche$/, "inch");
  return units.includes(british) ? british : undefined;
}

const unitsOf = ({ units, symbols }) =>
  units
    .map((unit) => {
      const symbol = Object.keys(symbols).find((each) => symbols[each] === unit);
      return symbol ? `${unit} (${symbol})` : unit;
    })
    .join(", ");
