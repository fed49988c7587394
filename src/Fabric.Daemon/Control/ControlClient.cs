using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Fabric.Daemon.Control;

/// <summary>Talks to the daemon of one topology. Any thread.</summary>
public sealed partial class ControlClient : ISnapshots
{
    private static readonly Uri Base = new("http://fabric/");
    private readonly HttpMessageInvoker _invoker;

    /// <summary>A client of the daemon behind a socket; nothing is sent yet.</summary>
    /// <param name="topology">Name of the topology.</param>
    /// <param name="socketPath">Path of its control socket.</param>
    public ControlClient(string topology, string socketPath)
    {
        Topology = topology;
        SocketPath = socketPath;
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = (_, cancel) => ConnectAsync(socketPath, cancel),
        });
    }

    /// <summary>Name of the topology.</summary>
    public string Topology { get; }

    /// <summary>Path of the control socket.</summary>
    public string SocketPath { get; }

    /// <summary>Asks how the topology stands.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">No daemon answers.</exception>
    public Task<TopologyStatus> StatusAsync(CancellationToken cancel) => SendAsync(HttpMethod.Get, "v1/status", ControlJson.Compact.TopologyStatus, cancel);

    /// <summary>Asks how the topology stands; null when its daemon no longer lives.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task<TopologyStatus?> TryStatusAsync(CancellationToken cancel)
    {
        try
        {
            return await StatusAsync(cancel);
        }
        catch (DaemonException e) when (e.InnerException is HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Moves a machine through its life cycle; returns when it is done.</summary>
    /// <param name="vm">Name of the machine.</param>
    /// <param name="verb"><c>start</c>, <c>stop</c>, <c>pause</c>, <c>resume</c> or <c>reset</c>.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">The daemon says why it cannot be.</exception>
    public Task<VmStatus> ChangeVmAsync(string vm, string verb, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, $"v1/vms/{Uri.EscapeDataString(vm)}/{verb}", ControlJson.Compact.VmStatus, cancel);

    /// <summary>Cuts or mends all links between two switches.</summary>
    /// <param name="one">A switch.</param>
    /// <param name="other">Another.</param>
    /// <param name="up">True to mend them.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Both switches, as they stand right after.</returns>
    /// <exception cref="DaemonException">The daemon says why it cannot be.</exception>
    public Task<LinkStatus> SetLinkAsync(string one, string other, bool up, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, $"v1/links/{Uri.EscapeDataString(one)}/{Uri.EscapeDataString(other)}/{(up ? "up" : "down")}", ControlJson.Compact.LinkStatus, cancel);

    /// <summary>Asks the daemon to take the topology down; returns at once.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task StopAsync(CancellationToken cancel)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(Base, "v1/stop"));
        using HttpResponseMessage response = await SendAsync(request, cancel);
    }

    /// <summary>Follows the topology's events: all so far, then as they come. Ends when it is down or its daemon dies.</summary>
    /// <param name="cancel">Ends the reading with an exception.</param>
    public async IAsyncEnumerable<TopologyEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(Base, "v1/events"));
        using HttpResponseMessage response = await SendAsync(request, cancel);
        await foreach (TopologyEvent item in ReadLinesAsync(response, ControlJson.Compact.TopologyEvent, cancel))
            yield return item;
    }

    /// <summary>Runs a command in a guest.</summary>
    /// <param name="vm">Name of the machine.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="stdin">Its standard input, or null for none. A read may still be open when this returns.</param>
    /// <param name="output">Takes the chunks of output as they come; true marks standard error.</param>
    /// <param name="cancel">Ends the command.</param>
    /// <returns>Exit status.</returns>
    /// <exception cref="DaemonException">The command could not be run to its end.</exception>
    public async Task<int> ExecAsync(string vm, IReadOnlyList<string> command, Stream? stdin, Func<ReadOnlyMemory<byte>, bool, Task> output, CancellationToken cancel)
    {
        string path = $"v1/vms/{Uri.EscapeDataString(vm)}/exec";
        ExecRequest body = new(command) { Stdin = stdin is not null };
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(Base, path))
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, ControlJson.Compact.ExecRequest)),
        };
        using HttpResponseMessage response = await SendAsync(request, cancel);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await foreach (ExecEvent item in ReadLinesAsync(response, ControlJson.Compact.ExecEvent, cancel))
            {
                if (item.Id is long id && stdin is not null)
                    _ = SendInputAsync($"{path}/{id}/stdin", stdin, ended.Token);
                else if ((item.StdoutBytes ?? Bytes(item.Stdout)) is byte[] stdout)
                    await output(stdout, false);
                else if ((item.StderrBytes ?? Bytes(item.Stderr)) is byte[] stderr)
                    await output(stderr, true);
                else if (item.Error is not null)
                    throw new DaemonException(item.Error);
                else if (item.Exit is int status)
                    return status;
            }
        }
        finally
        {
            await ended.CancelAsync();
        }
        throw new DaemonException($"{vm}: the daemon ended while the command ran");
    }

    /// <summary>Opens a guest's console: binary messages both ways, the scrollback first.</summary>
    /// <param name="vm">Name of the machine.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">The machine is not known, or no daemon answers.</exception>
    public async Task<WebSocket> OpenConsoleAsync(string vm, CancellationToken cancel)
    {
        ClientWebSocket socket = new();
        try
        {
            await socket.ConnectAsync(new Uri($"ws://fabric/v1/vms/{Uri.EscapeDataString(vm)}/console"), _invoker, cancel);
            return socket;
        }
        catch (WebSocketException e)
        {
            socket.Dispose();
            throw new DaemonException($"{vm}: its console cannot be opened: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async IAsyncEnumerable<T> ReadLinesAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancel)
    {
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(cancel));
        while (await TryReadLineAsync(lines, cancel) is { } line)
        {
            if (line.Length > 0 && JsonSerializer.Deserialize(line, type) is { } item)
                yield return item;
        }
    }

    private static async Task<string?> TryReadLineAsync(StreamReader lines, CancellationToken cancel)
    {
        try
        {
            return await lines.ReadLineAsync(cancel);
        }
        catch (IOException)
        {
            // A daemon that was killed cannot end its answers: the caller sees the end of the lines.
            return null;
        }
    }

    private async Task SendInputAsync(string path, Stream stdin, CancellationToken ended)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(Base, path)) { Content = new InputContent(stdin) };
        try
        {
            using HttpResponseMessage response = await _invoker.SendAsync(request, ended);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // The command ended before its input did; its exit status tells the rest.
        }
    }

    private async Task<T> SendAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type, CancellationToken cancel, HttpContent? content = null)
    {
        using HttpRequestMessage request = new(method, new Uri(Base, path)) { Content = content };
        using HttpResponseMessage response = await SendAsync(request, cancel);
        Stream body = await response.Content.ReadAsStreamAsync(cancel);
        return await JsonSerializer.DeserializeAsync(body, type, cancel) ?? throw new DaemonException($"topology {Topology}: the daemon's answer is empty");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        HttpResponseMessage response;
        try
        {
            response = await _invoker.SendAsync(request, cancel);
        }
        catch (HttpRequestException e)
        {
            throw new DaemonException($"topology {Topology} is not running: nothing answers at {SocketPath}; bring it up with: fabric up FILE", e);
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            ErrorReply? reply = await TryReadErrorAsync(response, cancel);
            throw new DaemonException(reply?.Error ?? $"topology {Topology}: the daemon answers {(int)response.StatusCode}") { StatusCode = (int)response.StatusCode };
        }
    }

    private static async Task<ErrorReply?> TryReadErrorAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(await response.Content.ReadAsStreamAsync(cancel), ControlJson.Compact.ErrorReply, cancel);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Sends what a stream gives as soon as it gives it.</summary>
    private sealed class InputContent(Stream stdin) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            // The head must leave before the first byte of input is there.
            await stream.FlushAsync(cancellationToken);
            byte[] buffer = new byte[32768];
            while (await stdin.ReadAsync(buffer, cancellationToken) is int count and > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = -1;
            return false;
        }
    }
}
