using Fabric.Routing.Local;
using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Icmp;

/// <summary>Asks stations whether they are there, by echo requests (RFC 792; RFC 4443, 4.1) with an identifier of the router's own.</summary>
internal sealed class EchoProbe(RouterControl control) : IReachabilityProbe
{
    private const int HeaderLength = 8;
    private const int PayloadLength = 16;
    private readonly Dictionary<IpAddress, Question> _questions = [];
    private readonly ushort _identifier = (ushort)control.Random.Next();
    private ushort _sequence;

    /// <inheritdoc/>
    public bool Ask(IpAddress target, Action<IpAddress> answered)
    {
        if (control.Output.FindWay(target, out _) is not { } link || !control.Output.TrySource(link, target, out IpAddress source))
            return false;
        uint word = ((uint)_identifier << 16) | ++_sequence;
        Span<byte> message = PacketOutput.Room(HeaderLength + PayloadLength);
        message.Clear();
        IcmpView.WriteHeader(message, target.IsV4 ? (byte)IcmpType.Echo : (byte)Icmpv6Type.EchoRequest, 0, word);
        IpProtocol protocol = target.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6;
        HeaderWriter.StoreChecksum(message, source, target, protocol);
        _questions[target] = new Question(word, answered);
        return control.Output.Send(source, target, protocol, message.Length);
    }

    /// <summary>Takes an echo reply, asked for or not.</summary>
    internal void Accept(IpAddress source, uint word)
    {
        if (_questions.TryGetValue(source, out Question question) && question.Word == word && _questions.Remove(source))
            question.Answered(source);
    }

    private readonly record struct Question(uint Word, Action<IpAddress> Answered);
}
