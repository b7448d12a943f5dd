import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { get } from "../api/client.ts";
import type { OperationInfo, PlanRequest } from "../api/types.ts";
import { cluster } from "../model/cluster.ts";
import { ask } from "../plan/model.ts";
import { declare, type Declaring } from "../tree/declare.ts";
import { name } from "../tree/names.ts";
import { Dialog, DialogForm } from "../ui/dialog.tsx";
import { dialogText } from "../words/en.ts";
import { openRecover, promote } from "./cluster-switchover.tsx";

/** All operations, read once. */
export const operations = signal<OperationInfo[] | null>(null);

export async function readOperations(): Promise<void> {
  operations.value ??= await get<OperationInfo[]>("operations");
}

/** Operations that have a dialog of their own. */
const dialogs: Record<string, Declaring["what"]> = { "begin-downtime": "downtime", "begin-maintenance": "maintenance", tag: "tags", untag: "tags", "register-candidate": "rule", relocate: "move" };

type Wanting = { operation: OperationInfo; title: string; given: Record<string, string> };

/** The operation that needs to be told more. */
const wanting = signal<Wanting | null>(null);

/** Begins an operation: by its own dialog, by asking for what it needs, or with its plan at once. */
export function begin(operation: OperationInfo, server?: string): void {
  const dialog = dialogs[operation.name];
  if (dialog && server !== undefined) declare(dialog, [server]);
  else if (operation.name.startsWith("graceful-master-takeover")) promote("");
  else if (operation.name === "recover" && server !== undefined) openRecover(server);
  else want(operation, given(operation, server), server === undefined ? operation.name : `${operation.name} ${name(server)}`);
}

/** Asks for what is still needed; else shows the plan at once. */
function want(operation: OperationInfo, values: Record<string, string>, title: string): void {
  if (needs(operation).some((argument) => argument.required && !values[argument.name])) wanting.value = { operation, title, given: values };
  else void ask(operation.name, values);
}

/** Begins what the server itself has named as the way out. */
export async function beginRequest(request: PlanRequest): Promise<void> {
  await readOperations();
  const operation = operations.value?.find((one) => one.name === request.operation);
  if (operation) want(operation, request.arguments ?? {}, operation.name);
}

/** Begins an operation by its name, as an address has it. */
export async function beginNamed(called: string, server?: string): Promise<void> {
  await readOperations();
  const operation = operations.value?.find((one) => one.name === called);
  if (operation) begin(operation, server);
}

const known = new Set(["instance", "cluster", "owner", "cluster-name", "cluster-alias"]);

const needs = (operation: OperationInfo): OperationInfo["arguments"] => operation.arguments.filter((argument) => !known.has(argument.name));

/** What is known of the arguments: the server, or the cluster. */
function given(operation: OperationInfo, server: string | undefined): Record<string, string> {
  const takes = (argument: string): boolean => operation.arguments.some((one) => one.name === argument);
  const is = cluster.peek();
  if (takes("cluster") && is) return { cluster: is.name };
  if (takes("cluster-name") && is) return { "cluster-name": is.name };
  return server !== undefined && takes("instance") ? { instance: server } : {};
}

/** Asks for what an operation needs besides the server; then its plan is shown. */
export function Wanted(): JSX.Element | null {
  const is = wanting.value;
  return is && <Arguments is={is} onClose={() => (wanting.value = null)} />;
}

function Arguments({ is, onClose }: { is: Wanting; onClose: () => void }): JSX.Element {
  const [values, setValues] = useState<Record<string, string>>({});
  const { operation: of } = is;
  return (
    <Dialog title={is.title} onClose={onClose}>
      <DialogForm
        verb={dialogText.showPlan}
        onLeave={onClose}
        onDone={() => {
          onClose();
          void ask(of.name, { ...is.given, ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")) });
        }}
      >
        <p class="explain">{of.sentence}.</p>
        {needs(of).map((argument, n) => (
          <label key={argument.name} class="field">
            <span>
              {argument.name}: {argument.meaning}
            </span>
            <input type="text" autofocus={n === 0} required={argument.required} value={values[argument.name] ?? ""} onInput={(event) => setValues({ ...values, [argument.name]: event.currentTarget.value })} />
          </label>
        ))}
      </DialogForm>
    </Dialog>
  );
}
