import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { BinlogFile, BinlogFiles } from "../../api/types.ts";
import { canAct } from "../../model/acting.ts";
import { mayOperate } from "../../model/me.ts";
import { useResource } from "../../model/resource.ts";
import { ask } from "../../plan/model.ts";
import { name } from "../../tree/names.ts";
import { Button } from "../../ui/button.tsx";
import { Loaded } from "../../ui/states.tsx";
import { bytes } from "../../words/en.ts";
import { fileText } from "../../words/binlogs.ts";

const filesAtMost = 100;

/** The choice of one of the servers. */
export const Pick = ({ label, servers, is, onPick }: { label: string; servers: readonly string[]; is: string; onPick: (server: string) => void }): JSX.Element => (
  <label class="pick">
    <span>{label} </span>
    <select value={is} onChange={(event) => onPick(event.currentTarget.value)}>
      {servers.map((key) => (
        <option key={key} value={key}>
          {name(key)}
        </option>
      ))}
    </select>
  </label>
);

/** The binary logs of one server, the newest first: who still needs them, and what can be done to them as plans. */
export function Files({ servers, first }: { servers: readonly string[]; first: string }): JSX.Element {
  const [server, pick] = useState(first);
  const files = useResource<BinlogFiles>(`instances/${encodeURIComponent(server)}/binlogs`);
  return (
    <section class="sheet files">
      <h2>{fileText.title}</h2>
      <div class="held-top">
        <Pick label={fileText.of} servers={servers} is={server} onPick={pick} />
        {mayOperate.value && (
          <Button disabled={!canAct.value} onClick={() => void ask("flush-binary-logs", { instance: server })}>
            {fileText.begin}
          </Button>
        )}
      </div>
      <Loaded of={files} rows={3}>
        {(is) => (is.files.length === 0 ? <p class="small">{fileText.none}</p> : <List of={is} />)}
      </Loaded>
    </section>
  );
}

function List({ of }: { of: BinlogFiles }): JSX.Element {
  const oldest = of.files[0]!.name;
  return (
    <>
      <p class="small">{fileText.total(of.files.length, bytes(of.size))}</p>
      <div class="tscroll">
        <table class="see" aria-label={fileText.table(name(of.server))}>
          <thead>
            <tr>
              {fileText.columns.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
              {mayOperate.value && <td />}
            </tr>
          </thead>
          <tbody>
            {of.files.toReversed().slice(0, filesAtMost).map((file) => (
              <File key={file.name} of={file} server={of.server} oldest={file.name === oldest} />
            ))}
          </tbody>
        </table>
      </div>
      {of.files.length > filesAtMost && <p class="small">{fileText.older(of.files.length - filesAtMost)}</p>}
    </>
  );
}

const File = ({ of, server, oldest }: { of: BinlogFile; server: string; oldest: boolean }): JSX.Element => (
  <tr>
    <th scope="row">
      <code>{of.name}</code>
      {of.current && <small> {fileText.current}</small>}
    </th>
    <td>{bytes(of.size)}</td>
    <td>{of.first ? <code class="wrap">{of.first}</code> : of.read ? fileText.empty : fileText.notRead}</td>
    <td>{of.needed_by.map(name).join(", ") || fileText.nobody}</td>
    {mayOperate.value && (
      <td>
        {!oldest && (
          <Button disabled={!canAct.value} label={fileText.purgeBefore(of.name)} onClick={() => void ask("purge-binary-logs", { instance: server, "log-file": of.name })}>
            {fileText.purge}
          </Button>
        )}
      </td>
    )}
  </tr>
);
