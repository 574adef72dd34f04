/** Errors whose quotation marks hold names of columns, tables, users and variables, never what is in a row. */
const SAFE = new Set([
  1005, 1006, 1007, 1008, 1022, 1025, 1030, 1032, 1040, 1044, 1045, 1046, 1048, 1049, 1050, 1051, 1054, 1061,
  1072, 1091, 1100, 1109, 1113, 1114, 1118, 1130, 1142, 1143, 1146, 1153, 1205, 1213, 1215, 1216, 1217, 1227,
  1235, 1264, 1265, 1267, 1273, 1286, 1289, 1304, 1305, 1356, 1359, 1360, 1364, 1370, 1382, 1396, 1406, 1412,
  1418, 1419, 1435, 1449, 1451, 1452, 1478, 1537, 1539, 1615, 1642, 1698, 1701, 1781, 1824, 1932, 3819, 4025,
  4095,
]);
const SYNTAX_ERROR = 1064;
/** Raised by code of the till's own, which can say anything. */
const SIGNALLED = 1644;
const DUPLICATE = new Set([1062, 1586]);

/**
 * The message of a MySQL or MariaDB error, without what it quotes of rows and statements: they hold customers' data.
 * @param errno number of the error
 */
export function withoutValues(errno: number, message: string): string {
  if (SAFE.has(errno)) return message;
  if (errno === SYNTAX_ERROR) return message.replace(/ near .*$/s, ' near …');
  if (errno === SIGNALLED) return "raised by the database's own code";
  // A value may itself hold quotation marks: everything from the first to the last one goes.
  if (DUPLICATE.has(errno)) return message.replace(/^(Duplicate entry ).*( for key )/s, "$1'…'$2");
  return message.replace(/'.*'/s, "'…'").replace(/".*"/s, '"…"');
}
