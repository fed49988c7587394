using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;

namespace Fabric.Cli.Tests;

public class ConsoleSessionTests
{
    [Fact]
    public async Task TheEscapeLeavesAndWhatStoodBeforeItIsSent()
    {
        (WebSocket here, WebSocket guest) = Connect();
        MemoryStream typed = new("ls\r\u001d rest"u8.ToArray());
        Task session = new ConsoleSession(here, Stream.Null).RunAsync(typed, hasEscape: true, CancellationToken.None);
        Assert.Equal("ls\r", await ReceiveAsync(guest));
        await session;
    }

    [Fact]
    public async Task OutputArrivesWhileNothingIsTyped()
    {
        (WebSocket here, WebSocket guest) = Connect();
        Pipe keys = new();
        Pipe screen = new();
        Task session = new ConsoleSession(here, screen.Writer.AsStream()).RunAsync(keys.Reader.AsStream(), hasEscape: true, CancellationToken.None);
        await guest.SendAsync("login: "u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);
        ReadResult shown = await screen.Reader.ReadAtLeastAsync(7);
        Assert.Equal("login: ", Encoding.ASCII.GetString(shown.Buffer));
        await keys.Writer.WriteAsync(new byte[] { ConsoleSession.Escape });
        await session;
    }

    [Fact]
    public async Task PipedInputIsSentWholeTheEscapeIncluded()
    {
        (WebSocket here, WebSocket guest) = Connect();
        MemoryStream piped = new([(byte)'a', ConsoleSession.Escape, (byte)'b']);
        Task session = new ConsoleSession(here, Stream.Null).RunAsync(piped, hasEscape: false, CancellationToken.None);
        Assert.Equal("a\u001db", await ReceiveAsync(guest));
        await session;
    }

    [Fact]
    public async Task TheSessionEndsWhenTheGuestIsGone()
    {
        (WebSocket here, WebSocket guest) = Connect();
        Pipe keys = new();
        Task session = new ConsoleSession(here, Stream.Null).RunAsync(keys.Reader.AsStream(), hasEscape: true, CancellationToken.None);
        await guest.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await session;
    }

    private static async Task<string> ReceiveAsync(WebSocket socket)
    {
        byte[] buffer = new byte[100];
        ValueWebSocketReceiveResult message = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        return Encoding.ASCII.GetString(buffer, 0, message.Count);
    }

    private static (WebSocket Here, WebSocket Guest) Connect()
    {
        Pipe up = new();
        Pipe down = new();
        return (
            WebSocket.CreateFromStream(new Duplex(down.Reader.AsStream(), up.Writer.AsStream()), new WebSocketCreationOptions()),
            WebSocket.CreateFromStream(new Duplex(up.Reader.AsStream(), down.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true }));
    }

    private sealed class Duplex(Stream reading, Stream writing) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => writing.Flush();

        public override int Read(byte[] buffer, int offset, int count) => reading.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => reading.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => writing.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => writing.WriteAsync(buffer, cancellationToken);
    }
}
