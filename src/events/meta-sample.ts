/** A webhook as Meta sends it, of a call that is over, with made-up people in it: for a receiver to be tried with. */
export const META_SAMPLE = JSON.stringify({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: '102290129340398',
      changes: [
        {
          field: 'calls',
          value: {
            messaging_product: 'whatsapp',
            metadata: { display_phone_number: '15550100000', phone_number_id: '106540352242922' },
            calls: [
              {
                id: 'wacid.HBgLMTQxNTU1NTAxMjMVAgASGCA4',
                from: '14155550123',
                to: '15550100000',
                event: 'terminate',
                direction: 'USER_INITIATED',
                timestamp: '1795167060',
                status: 'COMPLETED',
                start_time: '1795167002',
                end_time: '1795167060',
                duration: 58,
              },
            ],
          },
        },
      ],
    },
  ],
});
