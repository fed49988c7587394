using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Fabric.Daemon.Control;
using Fabric.Overlay;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <content>Cables to other sites.</content>
internal sealed partial class Wiring
{
    private const int LeastMtu = 1280;

    private readonly List<(CableModel Model, RemoteCable Cable)> _cables = [];

    private void AddCables(EventLog events)
    {
        foreach (CableModel model in _model.Cables)
        {
            Vtep vtep = EndAt(model.EndPoint);
            VxlanPort port = vtep.AddSegment(model.Vni, model.Port, new SegmentOptions
            {
                Tags = model.CarriesTags ? InnerTags.Carried : InnerTags.Refused,
                Learns = false,
                Mtu = model.Mtu,
            });
            vtep.AddRemote(port, IpAddress.From(model.Remote));
            RemoteCable cable = new(port, _time, KeyOf(model.Link));
            _owned.Push(cable);
            _cables.Add((model, cable));
            int mtu = port.PathMtu == 0 ? model.Mtu : Math.Max(LeastMtu, Math.Min(model.Mtu, port.PathMtu));
            Attach(cable, model.End, model.Link.Port, model.Other, mtu);
            string shortfall = mtu < model.Mtu ? $", not {model.Mtu}, which the network between does not carry" : "";
            events.Add(TopologyEventKind.Cable, model.Port, $"to {model.Other} at site {_model.Whole.SiteOf(model.Other)}, from {model.EndPoint.Local} to {model.Remote}, MTU {mtu}{shortfall}");
        }
    }

    private int SetCables(string one, string other, bool up)
    {
        int count = 0;
        foreach ((CableModel model, RemoteCable cable) in _cables.Where(item => item.Model.Link.Joins(one, other)))
        {
            cable.SetUp(up);
            count++;
        }

        return count;
    }

    /// <summary>What tells a cable from others of the same machines, should their files not be the same.</summary>
    private ulong KeyOf(LinkModel link) =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{_model.Whole.Name}\n{link.A}\n{link.B}\n{link.Index}")));
}
