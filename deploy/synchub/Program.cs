using System.CommandLine;
using SyncHub.Cli;

// One program for every role, so that a machine needs one file. The commands are the table of contents.
var root = new RootCommand("SyncHub: the member hub of a chain of stores. Stored value that is safe to spend at a branch without network.")
{
    HubCommand.Create(),
    AgentCommand.Create(),
    StoreCommand.Create(),
    CaseCommand.Create(),
    MemberCommand.Create(),
    KeysCommand.Create(),
    ReceiptCommand.Create(),
    UserCommand.Create(),
    TokenCommand.Create(),
    AuditCommand.Create(),
    ApprovalCommand.Create(),
    OrderCommand.Create(),
    VerifyCommand.Create(),
    DemoCliCommand.Create(),
};

foreach (var command in LoginCommand.Create())
{
    root.Add(command);
}

return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
