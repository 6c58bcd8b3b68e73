// Checks objects of the Prometheus operator and of KEDA (a JSON list on standard input) by their schemas, and for unknown keys by their types.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as monitoring from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import ts from "typescript";

const keda = createRequire(import.meta.url)("@kubernetes-models/keda/keda.sh/v1alpha1");
const MODULES = {
  "monitoring.coreos.com/v1": ["@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1", monitoring],
  "keda.sh/v1alpha1": ["@kubernetes-models/keda/keda.sh/v1alpha1", keda],
};

const objects = JSON.parse(readFileSync(0, "utf8"));
const mistakes = [];
let source = "";
objects.forEach((object, at) => {
  const [path, models] = MODULES[object.apiVersion];
  try {
    new models[object.kind](object).validate();
  } catch (error) {
    mistakes.push(`${object.kind} ${object.metadata.name}: ${error.message}`);
  }
  source += `import type { I${object.kind} as T${at} } from "${path}";\nconst o${at}: T${at} = ${JSON.stringify(object)};\n`;
});

const name = join(dirname(fileURLToPath(import.meta.url)), "objects.mts");
const options = { strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists, readFile } = host;
host.getSourceFile = (file, target) => (file === name ? ts.createSourceFile(file, source, target) : getSourceFile(file, target));
host.fileExists = (file) => file === name || fileExists(file);
host.readFile = (file) => (file === name ? source : readFile(file));
for (const found of ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))) {
  mistakes.push(ts.flattenDiagnosticMessageText(found.messageText, " "));
}
if (mistakes.length) {
  console.error(mistakes.join("\n"));
  process.exit(1);
}
console.log(objects.length);
