import type { JSX } from "preact";
import { copyText } from "../../ui/copy.ts";
import { discoverText } from "../../words/discover.ts";

const user = "'orchestrator'@'%'";

/** The statements that give the user of MySQLTopologyUser what it needs, by server. docs/troubleshooting.md says what each is for. */
const grants: [servers: string, statements: string[]][] = [
  [
    discoverText.mysql80AndLater,
    [
      `CREATE USER ${user} IDENTIFIED BY '…';`,
      `GRANT PROCESS, RELOAD, REPLICATION CLIENT, REPLICATION SLAVE, REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, BINLOG_ADMIN ON *.* TO ${user};`,
      `GRANT SELECT ON performance_schema.* TO ${user};`,
      `GRANT SELECT ON mysql.slave_master_info TO ${user};`,
    ],
  ],
  [
    discoverText.mariadb105AndLater,
    [
      `CREATE USER ${user} IDENTIFIED BY '…';`,
      `GRANT RELOAD, PROCESS, BINLOG MONITOR, BINLOG ADMIN, SLAVE MONITOR, REPLICATION SLAVE, REPLICATION SLAVE ADMIN, REPLICATION MASTER ADMIN, CONNECTION ADMIN, READ_ONLY ADMIN ON *.* TO ${user};`,
    ],
  ],
  [discoverText.olderServers, [`GRANT SUPER, PROCESS, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${user} IDENTIFIED BY '…';`]],
];

export const Grants = (): JSX.Element => (
  <div class="grants">
    <p class="small">{discoverText.forTheUserOfMysqltopologyuser}</p>
    {grants.map(([servers, statements]) => (
      <div key={servers}>
        <h3>
          {servers}
          <button type="button" class="link" onClick={() => void copyText(statements.join("\n"))}>
            {discoverText.copy}
          </button>
        </h3>
        {statements.map((statement) => (
          <code key={statement} class="stmt">
            {statement}
          </code>
        ))}
      </div>
    ))}
  </div>
);
