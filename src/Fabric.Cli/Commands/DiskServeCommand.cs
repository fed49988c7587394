using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fabric.Cli.Disks;
using Fabric.Disk;
using Fabric.Nbd;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric disk serve FILE</c>: an NBD server for one disk, with the essentials of <c>qemu-nbd</c>'s options.</summary>
internal static class DiskServeCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> file = new("FILE") { Description = "Image to serve" };
        Option<string?> socket = new("--socket", "-k") { Description = "Unix socket to listen on; a dead server's is replaced", HelpName = "PATH" };
        Option<string?> tcp = new("--tcp") { Description = "Listen on TCP instead; without encryption, so choose a network you trust", HelpName = "HOST:PORT" };
        Option<string?> bind = new("--bind", "-b") { Description = "With --port: address to listen on (default: 127.0.0.1)", HelpName = "HOST" };
        Option<int?> port = new("--port", "-p") { Description = "Listen on this TCP port; 0 for a free one", HelpName = "PORT" };
        Option<string?> format = new("--format", "-f") { Description = "Format of the image (default: recognised; raw never is)", HelpName = "FORMAT" };
        format.AcceptOnlyFromAmong([.. DiskImage.FormatNames]);
        Option<bool> readOnly = new("--read-only", "-r") { Description = "Refuse to change the disk" };
        Option<string?> snapshot = new("--snapshot") { Description = "Serve an internal snapshot, by id or name, for reading", HelpName = "NAME" };
        Option<string?> export = new("--export", "-x", "--export-name") { Description = "Name that clients ask for (default: empty)", HelpName = "NAME" };
        Option<string?> description = new("--description", "-D") { Description = "Text that listings of the export show", HelpName = "TEXT" };
        Option<int?> clients = new("--shared", "-e") { Description = $"Clients at once (default: {new NbdServerOptions().MaxConnections})", HelpName = "N" };
        Option<bool> persistent = new("--persistent", "-t") { Description = "Go on when the last client has gone; this is always so" };
        Option<string[]> allow = new("--allow") { Description = "Folder, or address of a disk, that the image may name as its base", HelpName = "FOLDER|URI" };
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("serve", "Serve a disk image over NBD until Ctrl-C")
        {
            file, socket, tcp, bind, port, format, readOnly, snapshot, export, description, clients, persistent, allow, json,
        };
        command.Validators.Add(result =>
        {
            int ways = (result.GetValue(socket) is null ? 0 : 1) + (result.GetValue(tcp) is null ? 0 : 1) + (result.GetValue(port) is null ? 0 : 1);
            if (ways != 1)
                result.AddError("say where to listen: one of --socket PATH, --tcp HOST:PORT and --port PORT");
            if (result.GetValue(clients) < 1)
                result.AddError("--shared needs at least one client");
        });
        command.SetAction(async (parsed, cancel) =>
        {
            EndPoint endPoint = parsed.GetValue(socket) is { } path ? UnixEndPoint(path)
                : parsed.GetValue(tcp) is { } address ? TcpEndPoint(address)
                : TcpEndPoint($"{parsed.GetValue(bind) ?? "127.0.0.1"}:{parsed.GetValue(port)}");
            string name = parsed.GetRequiredValue(file);
            using Served served = Served.Open(
                name, DiskImage.TryParseFormat(parsed.GetValue(format), out DiskFormat known) ? known : null, parsed.GetValue(readOnly), parsed.GetValue(snapshot), parsed.GetValue(allow) ?? []);
            NbdExport offered = new(parsed.GetValue(export) ?? "", served.Disk, parsed.GetValue(description), parsed.GetValue(readOnly));
            NbdServerOptions options = new();
            if (parsed.GetValue(clients) is int most)
                options = options with { MaxConnections = most };
            using (NbdServer server = NbdServer.Listen(endPoint, [offered], options))
            {
                Announce(terminal, name, server.UriOf(offered.Name), offered, parsed.GetValue(json));
                // Being ended by a signal is how this command succeeds.
                await cancel.WhenCancelled();
            }

            if (served.Disk.Flush() != DiskStatus.Ok)
                throw new DiskException(name, "the last writes could not be brought to stable storage; check the host's disk, and do not rely on the image");
        });
        return command.WithExamples(
            "fabric disk serve data.qcow2 --socket /run/data.sock",
            "fabric disk serve data.qcow2 --snapshot before --socket /run/before.sock    # an internal snapshot, for reading",
            "fabric disk serve -f raw disk.img --tcp 127.0.0.1:10809 --read-only",
            "nbdinfo 'nbd+unix:///?socket=/run/data.sock'    # one of many clients");
    }

    private static void Announce(Terminal terminal, string name, string uri, NbdExport export, bool json)
    {
        if (json)
            terminal.Out.WriteLine(JsonSerializer.Serialize(new ServedDisk(name, uri, export.Name, export.Disk.Length, export.IsReadOnly), CliJson.Line.ServedDisk));
        else
            terminal.Out.WriteLine($"{name}: serving at {uri}" + (export.IsReadOnly ? " (read-only)" : ""));
    }

    private static UnixDomainSocketEndPoint UnixEndPoint(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(Path.GetFullPath(path));
        }
        catch (ArgumentException)
        {
            throw new CliException($"{path}: too long for a socket's path; choose one of at most 107 bytes");
        }
    }

    private static IPEndPoint TcpEndPoint(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? text : text[..colon];
        string portText = colon < 0 ? $"{NbdUri.DefaultPort}" : text[(colon + 1)..];
        if (!ushort.TryParse(portText, out ushort port))
            throw new CliException($"'{text}' is no place to listen on; write HOST:PORT, such as 127.0.0.1:10809");
        host = host.Trim('[', ']');
        if (IPAddress.TryParse(host, out IPAddress? address))
            return new IPEndPoint(address, port);
        try
        {
            return new IPEndPoint(Dns.GetHostAddresses(host)[0], port);
        }
        catch (SocketException unknown)
        {
            throw new CliException($"'{host}' is no address of this host: {unknown.Message}");
        }
    }

    /// <summary>The disk that is served, and the image whose snapshot it may be.</summary>
    private sealed class Served(IDisk disk, IDisk? owner) : IDisposable
    {
        public IDisk Disk => disk;

        public static Served Open(string name, DiskFormat? format, bool readOnly, string? snapshot, string[] allowed)
        {
            ImageDisk image = DiskImage.Open(name, new DiskOpenOptions { Format = format, ReadOnly = readOnly || snapshot is not null, AllowedFolders = allowed, Protocols = DiskSession.Protocols });
            if (snapshot is null)
                return new Served(image, null);
            try
            {
                return new Served(image.OpenSnapshot(snapshot), image);
            }
            catch
            {
                image.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            disk.Dispose();
            owner?.Dispose();
        }
    }
}
