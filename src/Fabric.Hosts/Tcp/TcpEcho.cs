namespace Fabric.Hosts.Tcp;

/// <summary>Sends back what comes in (RFC 862). It takes no more than it can send, so the sender is slowed down, not its data lost.</summary>
internal sealed class TcpEcho : TcpApplication
{
    internal const ushort Port = 7;

    internal override int Room(TcpConnection connection) => connection.SendRoom;

    internal override void Data(TcpConnection connection, ReadOnlySpan<byte> data) => connection.Write(data);
}
